// Requests of the API by any login: an address, a query and a body are answered or refused by the
// table of problems; what is written is a record that can be read, and of the caller's rights.
//
// The first line is "ROLE METHOD TARGET IF-MATCH", the rest is the body; ROLE: v, o, w or a.
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "api/endpoints.h"
#include "api/request/made_answer.h"
#include "api/request/plan.h"
#include "api/request/record_book.h"
#include "auth/login/user_book.h"
#include "base/strings.h"
#include "check.h"
#include "config/settings/config.h"
#include "registry/mirror.h"

using namespace lb;

namespace {

std::shared_ptr<const RecordBook> some_book() {
  RegistryContent content;
  content.revision = 7;
  const auto add = [&](std::string key, std::string value) {
    content.records.push_back({std::move(key), std::move(value), 7});
  };
  add("accounts/acme", R"({"name":"Acme","quota":{"mounts":3,"listeners":100,"storage":1000000}})");
  add("accounts/other", R"({"name":"Other"})");
  add("mounts/%2Facme-1",
      "<mount><mount-name>/acme-1</mount-name><stream-name>Rock</stream-name><record "
      "account='acme' home='m1'><limits listeners='60' storage='600000'/>"
      "<source user='tom' hash='$6$salt$x'/></record></mount>");
  add("mounts/%2Fother-1",
      "<mount><mount-name>/other-1</mount-name><record account='other' home='m1'>"
      "</record></mount>");
  const auto user = [&](std::string name, Role role, std::string account) {
    User one;
    one.name = std::move(name);
    one.role = role;
    one.account = std::move(account);
    one.hash = "$y$j9T$salt$x";
    add("users/" + one.name, user_json(one));
  };
  user("anna", Role::kOwner, "acme");
  user("otto", Role::kOperator, "acme");
  user("olga", Role::kOwner, "other");
  user("vera", Role::kViewer, "");
  user("adam", Role::kAdmin, "");
  std::vector<std::string> complaints;
  auto book = RecordBook::make(content, complaints);
  fuzz::must(complaints.empty() && book->mounts().size() == 2, "the book of the fuzzer",
             complaints.empty() ? "" : complaints.front());
  return book;
}

ApiWorld some_world() {
  ApiWorld world;
  world.node = "m1";
  world.source_url = world.listen_http = "http://m1:8000";
  world.nodes.push_back({"m1"});
  world.random = [](std::size_t bytes) { return std::string(bytes, 'r'); };
  world.hash = [](HashMethod, const std::string&) {
    return std::optional<std::string>("$6$salt$hashed");
  };
  world.matches = [](const std::string&, const std::string& password) {
    return password == "right";
  };
  world.now_of = [](const std::string&) { return MountNow{}; };
  world.recorded_bytes = [](const std::string&) { return std::uint64_t{0}; };
  return world;
}

ApiCaller caller_of(char role) {
  ApiCaller who;
  who.via = "basic";
  who.ip = "192.0.2.1";
  switch (role) {
    case 'a':
      who.name = "root";
      who.role = Role::kAdmin;
      break;
    case 'w':
      who.name = "anna";
      who.role = Role::kOwner;
      who.account = "acme";
      break;
    case 'o':
      who.name = "otto";
      who.role = Role::kOperator;
      who.mounts = {"/acme-1"};
      break;
    default:
      who.name = "vera";
      who.role = Role::kViewer;
  }
  return who;
}

void check_problem(const Problem& problem, const ApiRequest& request) {
  fuzz::must(problem.status() >= 400 && problem.status() < 600, "a problem that is none");
  fuzz::must(Json::parse(problem_json(problem, request.path)).has_value(), "a problem is JSON");
}

// Whose record it is; "": of no account.
std::string account_of(const RecordBook& book, const std::string& mount) {
  const auto* row = book.mount(mount);
  return row == nullptr ? std::string() : row->value.account;
}

void check_write(const Planned& plan, const ApiCaller& who, const RecordBook& book) {
  fuzz::must(who.role >= Role::kOwner || plan.write.deletes.empty(),
             "a record is deleted without the right to");
  fuzz::must(registry_write_fault(plan.write).empty(), "a write that no store takes",
             registry_write_fault(plan.write));
  RegistryChange change;
  change.revision = 8;
  for (const auto& [key, value] : plan.write.puts) change.set.push_back({key, value, 8});
  change.deleted = plan.write.deletes;
  std::vector<std::string> complaints;
  const auto after = book.after(change, complaints);
  fuzz::must(complaints.empty(), "a record is not read as it is written",
             complaints.empty() ? "" : complaints.front());
  if (who.role == Role::kAdmin) return;
  // Others change nothing of another account.
  for (const auto& [name, row] : after->mounts()) {
    const auto* before = book.mount(name);
    if (before == row.get()) continue;
    fuzz::must(
        row->value.account == "acme" && (before == nullptr || account_of(book, name) == "acme"),
        "a mount of another account changes", name);
  }
  for (const auto& [name, row] : book.mounts())
    fuzz::must(row->value.account == "acme" || after->mount(name) != nullptr,
               "a mount of another account goes", name);
  const auto *mine = after->account("acme"), *was = book.account("acme");
  fuzz::must(mine != nullptr && mine->value == was->value, "an owner changes its quota");
  fuzz::must(after->accounts().size() == book.accounts().size(), "an owner makes an account");
  for (const auto& [name, user] : after->users()) {
    const auto* before = book.user(name);
    if (before == user.get()) continue;
    fuzz::must(user->value.role < Role::kAdmin, "an owner makes an administrator", name);
    fuzz::must(name == who.name || (user->value.account == "acme" && who.role == Role::kOwner),
               "a user of another account changes", name);
  }
  for (const auto& [name, token] : after->tokens())
    fuzz::must(token->value.role < Role::kAdmin, "an owner makes an administrator's token", name);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  const auto words = split(text.substr(0, line), ' ');
  if (words.size() < 3 || words[0].size() != 1) return 0;
  static const auto book = some_book();
  static const ApiWorld world = some_world();
  static const Config file = [] {
    Config config;
    config.authentication.admin_user = "root";
    config.mounts.emplace_back().name = "/file.mp3";
    return config;
  }();
  static const std::map<std::string_view, Method> methods = {{"GET", Method::kGet},
                                                             {"POST", Method::kPost},
                                                             {"PUT", Method::kPut},
                                                             {"PATCH", Method::kPatch},
                                                             {"DELETE", Method::kDelete}};
  const auto method = methods.find(words[1]);
  if (method == methods.end()) return 0;
  const std::string_view target = words[2];
  const std::size_t mark = std::min(target.find('?'), target.size());
  ApiRequest request;
  request.method = method->second;
  request.path = std::string(kApiPath) + std::string(target.substr(0, mark));
  if (mark < target.size()) request.query = target.substr(mark + 1);
  if (words.size() > 3) request.if_match = words[3];
  request.body = line < text.size() ? text.substr(line + 1) : "";
  FoundEndpoint found = find_endpoint(request.method, request.path);
  if (found.endpoint == nullptr || found.endpoint->plan == nullptr) return 0;
  request.names = found.names;
  const ApiCaller who = caller_of(words[0][0]);
  if (who.role < found.endpoint->least) return 0;
  auto json = Json::parse(request.body.empty() ? "{}" : request.body);
  if (!json) return 0;
  request.json = *std::move(json);
  if (found.endpoint->keyed && is_idempotency_key(request.if_match)) {
    request.key = request.if_match;
    const auto kept = open_answer(request, who, request.body);
    if (const auto* problem = std::get_if<Problem>(&kept)) check_problem(*problem, request);
  }
  const Plan plan = found.endpoint->plan(
      {request, who, *book, file, world, WallTime(std::chrono::seconds(1'700'000'000))});
  if (const auto* problem = std::get_if<Problem>(&plan)) {
    check_problem(*problem, request);
    return 0;
  }
  const Planned& planned = std::get<Planned>(plan);
  fuzz::must(planned.answer.status >= 200 && planned.answer.status < 300, "an answer that is none");
  fuzz::must(planned.answer.body.empty() || Json::parse(planned.answer.body).has_value(),
             "an answer is JSON", planned.answer.body);
  fuzz::must(planned.answer.location.find_first_of(" \r\n") == std::string::npos,
             "an address of two lines", planned.answer.location);
  fuzz::must(request.method != Method::kGet || !planned.writes(), "a GET that writes");
  if (planned.writes()) check_write(planned, who, *book);
  return 0;
}
