// ApiBench: a store in memory for the plans: asks endpoints as a login, commits what they write
// with the same compares as a real store, and keeps the last answer.
// Thread: one test.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "api/endpoints.h"
#include "api/request/made_answer.h"
#include "api/request/plan.h"
#include "api/request/record_book.h"
#include "auth/password/password_hash.h"
#include "config/settings/config.h"

#include "CppUTest/TestHarness.h"

namespace lb {

class ApiBench {
 public:
  ApiBench() {
    world.node = "m1";
    world.source_url = world.listen_http = "http://m1:8000";
    world.nodes.push_back({"m1"});
    world.random = [this](std::size_t bytes) {
      return std::string(bytes, static_cast<char>('a' + ++drawn % 20));
    };
    // No slow hash: what is tested is where it goes.
    world.hash = [](HashMethod method, const std::string& password) {
      return std::optional<std::string>(
          std::string(method == HashMethod::kSha512 ? "$6$salt$" : "$y$j9T$salt$") + password);
    };
    world.matches = [](const std::string& hash, const std::string& password) {
      return hash.ends_with("$" + password);
    };
    world.now_of = [this](const std::string&) { return now_of; };
    world.has_store = true;
    world.live = live;
    world.audit = [this](const AuditBack& back, const AuditJudge& judge) {
      return read_audit_back(audit_path, back, judge);
    };
    world.recorded_bytes = [this](const std::string& mount) {
      const auto at = recorded.find(mount);
      return at == recorded.end() ? 0 : at->second;
    };
    admin.name = "root";
    admin.role = Role::kAdmin;
    admin.ip = "192.0.2.1";
    admin.via = "file";
    owner.name = "anna";
    owner.role = Role::kOwner;
    owner.account = "acme";
    owner.ip = "192.0.2.2";
    owner.via = "basic";
    operator_.name = "otto";
    operator_.role = Role::kOperator;
    operator_.mounts = {"/acme-1"};
    operator_.via = "basic";
    viewer.name = "vera";
    viewer.role = Role::kViewer;
    viewer.via = "basic";
    file.authentication.admin_user = "root";
    file.mounts.emplace_back().name = "/file.mp3";
  }

  // The status; 0: no such endpoint.  target: with its query.
  int ask(const ApiCaller& who, Method method, const std::string& target,
          const std::string& body = {}) {
    const std::size_t mark = target.find('?');
    const std::string path = "/api/v1" + target.substr(0, mark);
    FoundEndpoint found = find_endpoint(method, path);
    if (found.endpoint == nullptr) return 0;
    ApiRequest request;
    request.method = method;
    request.path = path;
    request.names = found.names;
    if (mark != std::string::npos) request.query = target.substr(mark + 1);
    request.body = body;
    request.if_match = if_match;
    const auto json = Json::parse(body.empty() ? "{}" : body);
    CHECK_TEXT(json.has_value(), body.c_str());
    request.json = *json;
    if (who.role < found.endpoint->least) return 403;
    answer = {};
    problem = {};
    order = {};
    for (int attempt = 0; attempt < 40; ++attempt) {
      Plan plan = found.endpoint->plan({request, who, *book, file, world, now});
      if (auto* wrong = std::get_if<Problem>(&plan)) {
        problem = std::move(*wrong);
        return problem.status();
      }
      Planned& planned = std::get<Planned>(plan);
      last = planned;
      answer = planned.answer;
      order = planned.order;
      if (request.dry_run() || !planned.writes()) return answer.status;
      before_commit();
      if (!commit(planned.write)) continue;
      if (planned.again) {
        request.if_match.clear();
        continue;
      }
      stamp(answer, revision);
      return answer.status;
    }
    return -1;
  }
  std::string text(std::string_view name) const {
    return std::string(json().at(name).text().value_or("?"));
  }
  Json json() const {
    const auto parsed = Json::parse(answer.body);
    return parsed ? *parsed : Json();
  }
  std::string first_fault() const {
    return problem.errors.empty() ? "" : problem.errors.front().pointer;
  }
  // The parameter of the query that the problem is about; "": none.
  std::string wrong_parameter() const {
    for (const auto& [name, text] : problem.members)
      if (name == "parameter") return text;
    return {};
  }
  std::string name() const { return std::string(problem_kind(problem.name).name); }

  // As FileRegistry: all of it or nothing.
  bool commit(const RegistryWrite& write) {
    for (const RegistryCompare& compare : write.compares)
      if (book->revision_of(compare.key) != compare.revision) return false;
    RegistryChange change;
    change.revision = ++revision;
    for (const auto& [key, value] : write.puts) {
      CHECK_TEXT(is_registry_key(key), key.c_str());
      change.set.push_back({key, value, revision});
    }
    change.deleted = write.deletes;
    std::vector<std::string> complaints;
    book = book->after(change, complaints);
    for (const std::string& text : complaints) FAIL(text.c_str());
    return true;
  }

  ApiWorld world;
  ApiCaller admin, owner, operator_, viewer;
  Config file;
  std::shared_ptr<const RecordBook> book = std::make_shared<const RecordBook>();
  std::uint64_t revision = 0;
  WallTime now{std::chrono::seconds(1'700'000'000)};
  std::string if_match;
  MountNow now_of;
  std::shared_ptr<LiveView> live = std::make_shared<LiveView>();
  std::string audit_path;
  std::map<std::string, std::uint64_t> recorded;
  int drawn = 0;
  std::function<void()> before_commit = [] {};

  ApiAnswer answer;
  Problem problem;
  std::optional<ApiOrder> order;
  Planned last;
};

}  // namespace lb
