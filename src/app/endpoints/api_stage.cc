#include "app/endpoints/api_stage.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "admin/command/security.h"
#include "admin/page/identity.h"
#include "api/audience/audience_people.h"
#include "api/endpoints.h"
#include "api/openapi.h"
#include "api/records/live_plans.h"
#include "api/request/made_answer.h"
#include "app/audience/audience_service.h"
#include "app/endpoints/live_replies.h"
#include "app/operate/external_answer.h"
#include "app/operate/record_service.h"
#include "app/request/login_replies.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/request/session_cookie.h"
#include "app/request/who_asks.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "http/page_headers.h"
#include "http/stream_type.h"
#include "media/picture.h"

namespace lb {
namespace {

// For those that come too early, where nothing else is known.
constexpr std::int64_t kUsualWait = 2;  // seconds

constexpr std::string_view kDescriptionSchema = "OpenApi";
constexpr std::size_t kShownParameter = 80;

std::string_view path_as_sent(const Request& request) {
  const std::string_view target = request.target;
  return target.substr(0, target.find('?'));
}

void send(Worker& worker, Connection& connection, int status, std::string content_type,
          std::string body, std::string extra = {}) {
  worker.services.records->count(status);
  ResponseHead head;
  head.status = status;
  if (!body.empty()) head.content_type = std::move(content_type);
  if (status != 204) head.content_length = body.size();
  if (status == 401) head.challenge = challenge_for(worker, connection);
  head.extra = std::move(extra) + nosniff_line(worker.services.http.read()->http_headers);
  connection.reply(head, std::move(body));
}

void send_problem(Worker& worker, Connection& connection, const Problem& problem,
                  std::string extra = {}) {
  send(worker, connection, problem.status(), "application/problem+json",
       problem_json(problem, path_as_sent(connection.request())), std::move(extra));
}

// To the part of this answer that follows (RFC 8288).
std::string link_line(const Request& request, const std::string& after) {
  std::string query;
  for (const std::string_view pair : split(request.query, '&'))
    if (!pair.empty() && !pair.starts_with("after=")) query += cat({pair, "&"});
  return cat(
      {"Link: <", path_as_sent(request), "?", query, "after=", after, ">; rel=\"next\"\r\n"});
}

void send_api_answer(Worker& worker, Connection& connection, RecordService::Answer answer) {
  if (const auto* problem = std::get_if<Problem>(&answer)) {
    const std::int64_t later = problem->status() == 503
                                   ? kUsualWait
                                   : static_cast<std::int64_t>(problem->retry_after.count());
    send_problem(worker, connection, *problem,
                 later > 0 ? cat({"Retry-After: ", later, "\r\n"}) : std::string());
    return;
  }
  ApiAnswer& given = std::get<ApiAnswer>(answer);
  std::string extra;
  if (given.revision != 0) extra += cat({"ETag: \"", given.revision, "\"\r\n"});
  if (!given.location.empty()) extra += cat({"Location: ", given.location, "\r\n"});
  if (!given.next.empty()) extra += link_line(connection.request(), given.next);
  if (!given.file.empty())
    extra += cat({"Content-Disposition: attachment; filename=\"", given.file, "\"\r\n"});
  send(worker, connection, given.status, given.type.empty() ? "application/json" : given.type,
       std::move(given.body), std::move(extra));
}

// A program that sends the stream of a mount also knows what plays.
bool takes_source_login(const Endpoint& endpoint) {
  return endpoint.plan == set_mount_title || endpoint.plan == set_mount_art;
}

// mount: "" where a source's login counts for nothing.
ApiCaller caller_of(const Connection& connection, const Identity& identity,
                    const std::string& mount) {
  ApiCaller caller;
  caller.name = identity.user;
  caller.role = user_role(identity.role);
  caller.account = identity.account;
  caller.mounts = identity.mounts;
  caller.addresses = identity.addresses;
  caller.ip = connection.ip();
  caller.via = to_text(identity.via);
  if (identity.role == AdminRole::kSource && !mount.empty()) {
    caller.role = Role::kOperator;
    caller.mounts = {mount};
  }
  return caller;
}

bool changes_something(Method method) {
  return method != Method::kGet && method != Method::kHead && method != Method::kOptions;
}

// No type at all is as good: no form of a browser leaves it out.
bool says_json(const Headers& headers) {
  const std::string* type = headers.find("content-type");
  return type == nullptr ||
         iequals(trim(std::string_view(*type).substr(0, type->find(';'))), "application/json");
}

std::string why_nobody(const Request& request) {
  const std::string_view given = request.headers.get("authorization");
  if (istarts_with(given, "basic ")) return "the user and the password do not belong together";
  if (istarts_with(given, "bearer ")) return "the token is not known here, or its time is over";
  return "a login is needed: Basic, a session or a token";
}

// What is wrong with the frame of the body; nullopt: nothing.  bytes: its length.
std::optional<Problem> judge_body(const Request& request, const Endpoint& endpoint,
                                  std::uint64_t& bytes) {
  bytes = 0;
  const std::uint64_t most = endpoint.takes_picture() ? kMaxPictureBytes : ApiStage::kBodyBytes;
  if (request.headers.find("transfer-encoding") != nullptr)
    return Problem{ProblemName::kLengthRequired, "a body in chunks is not read"};
  const std::string* length = request.headers.find("content-length");
  if (length == nullptr) return std::nullopt;
  const auto number = parse_u64(*length);
  if (!number || *number > most)
    return Problem{ProblemName::kTooLarge,
                   cat({endpoint.takes_picture() ? "art: " : "", "the body has ", *length,
                        " bytes; at most ", most, " are read"})};
  bytes = *number;
  if (endpoint.takes_picture()) return std::nullopt;  // its bytes say what it is
  if (bytes > 0 && !says_json(request.headers))
    return Problem{ProblemName::kMediaType, "a body is application/json"};
  return std::nullopt;
}

// "": all of the query can be read.  What cannot is no filter that was left out.
std::string unreadable_parameter(std::string_view query) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const auto text = percent_decode(pair, true);
    if (!text || text->find('\0') != std::string::npos)
      return std::string(pair.substr(0, std::min(pair.find('='), kShownParameter)));
  }
  return {};
}

// The request as the plans want it; or what is wrong with it.
std::variant<ApiRequest, Problem> make_request(const Connection& connection, const Request& request,
                                               FoundEndpoint found) {
  ApiRequest asked;
  asked.method = found.endpoint->method;
  asked.path = path_as_sent(request);
  asked.names = std::move(found.names);
  asked.query = request.query;
  if (std::string name = unreadable_parameter(request.query); !name.empty()) {
    Problem problem{ProblemName::kBadRequest,
                    cat({"the value of parameter ", name, " is not percent-encoded text"})};
    problem.members.emplace_back("parameter", std::move(name));
    return problem;
  }
  asked.body = connection.form();
  asked.if_match = request.headers.get("if-match");
  if (const std::string* key = request.headers.find("idempotency-key");
      key != nullptr && found.endpoint->keyed) {
    if (!is_idempotency_key(*key))
      return Problem{ProblemName::kBadRequest,
                     "an Idempotency-Key has 8 to 128 printable characters"};
    asked.key = *key;
  }
  if (found.endpoint->body.empty() || found.endpoint->takes_picture()) return asked;
  auto json = Json::parse(asked.body.empty() ? "{}" : asked.body, Json::kDepth, Json::Names::kOnce);
  if (!json) return Problem{ProblemName::kBadRequest, json.error().what};
  asked.json = *std::move(json);
  return asked;
}

Verdict change(Worker& worker, Connection& connection, RecordService::Task task) {
  worker.services.loops.control().post(
      [&worker, id = connection.id(), task = std::move(task)]() mutable {
        worker.services.records->run(std::move(task), [&worker, id](RecordService::Answer answer) {
          worker.loop.post([&worker, id, answer = std::move(answer)]() mutable {
            if (Connection* waiting = worker.connections.find(id))
              send_api_answer(worker, *waiting, std::move(answer));
          });
        });
      });
  return Verdict::kPending;
}

// What has no plan, because no record is in it.
Verdict ask_server(Worker& worker, Connection& connection, RecordService::Task task) {
  worker.services.loops.control().post(
      [&worker, id = connection.id(), task = std::move(task)]() mutable {
        worker.loop.post([&worker, id, answer = answer_external(worker.services, task)]() mutable {
          if (Connection* waiting = worker.connections.find(id))
            send_api_answer(worker, *waiting, std::move(answer));
        });
      });
  return Verdict::kPending;
}

// On the thread of the audience's database.
Verdict ask_audience(Worker& worker, Connection& connection, RecordService::Task task) {
  const auto answered = [&worker, id = connection.id()](RecordService::Answer answer) {
    worker.loop.post([&worker, id, answer = std::move(answer)]() mutable {
      if (Connection* waiting = worker.connections.find(id))
        send_api_answer(worker, *waiting, std::move(answer));
    });
  };
  Services& services = worker.services;
  if (!services.listenings->on()) {
    send_api_answer(worker, connection, services.records->read_audience(task, nullptr, ""));
    return Verdict::kAnswered;
  }
  // The addresses that it keeps are its own.
  const bool own =
      asked_listener(task.request) && services.config.read()->audience.keep_addresses.count() > 0;
  if (changes_something(task.request.method) && !own && services.listenings->sends_up()) {
    send_problem(worker, connection,
                 {ProblemName::kRefused,
                  "the rows of this server are in the database of its master, which deletes them "
                  "by ?session="});
    return Verdict::kAnswered;
  }
  bool asked = false;
  if (const auto listener = asked_listener(task.request)) {
    ListeningFacts facts;
    facts.address = listener->address;
    facts.agent = listener->agent;
    facts.user = listener->user;
    asked = services.listenings->ask_of(
        std::move(facts), [&services, task = std::move(task), answered](
                              DayKeys::Who who, Sqlite* database, const std::string& why) {
          answered(services.records->read_audience(task, database, why,
                                                   std::pair(who.today, who.before)));
        });
  } else {
    asked = services.listenings->ask(
        [&services, task = std::move(task), answered](Sqlite* database, const std::string& why) {
          answered(services.records->read_audience(task, database, why));
        });
  }
  if (asked) return Verdict::kPending;
  send_problem(worker, connection,
               {ProblemName::kOverloaded, "other reports of the audience are under way"});
  return Verdict::kAnswered;
}

const std::string& description() {
  static const std::string kText = openapi_json();
  return kText;
}

}  // namespace

// A stream or a file may have such a name where there is no API.
Verdict ApiStage::answer_off(Connection& connection) const {
  const Request& request = connection.request();
  const Services& services = worker_.services;
  const bool sends = request.method == Method::kSource || request.method == Method::kPut ||
                     is_stream_type(request.headers.get("content-type"));
  if (!request.only_api && (sends || services.mounts.find(request.path) ||
                            services.files.read()->has_file(request.path)))
    return Verdict::kNext;
  ResponseHead head;
  head.status = problem_kind(ProblemName::kApiOff).status;
  head.content_type = "application/problem+json";
  const std::string body =
      problem_json({ProblemName::kApiOff,
                    config_of(services, connection)->api
                        ? "the API is off: it needs a <console>, a <store> or a <config-external>"
                        : "the API is off: <api>1</api>"},
                   path_as_sent(request));
  head.content_length = body.size();
  connection.reply(head, body);
  return Verdict::kAnswered;
}

Verdict ApiStage::handle(Connection& connection) {
  const Request& request = connection.request();
  Services& services = worker_.services;
  if (!api_is_on(*config_of(services, connection))) return answer_off(connection);

  FoundEndpoint found = find_endpoint(request.method, path_as_sent(request));
  if (found.endpoint != nullptr && found.endpoint->answer == kDescriptionSchema) {
    send(worker_, connection, 200, "application/json", description());
    return Verdict::kAnswered;
  }
  std::string mount;  // whose source may ask this too
  if (found.endpoint != nullptr && takes_source_login(*found.endpoint)) {
    mount = found.names.at(0);
    if (!mount.starts_with('/')) mount.insert(0, 1, '/');
  }
  const Asker asker = who_asks(
      worker_, connection, mount.empty() ? std::nullopt : std::optional<std::string_view>(mount));
  if (asker.verdict != Verdict::kNext) return asker.verdict;
  const Identity& identity = *asker.identity;
  if (identity.is_nobody()) {
    note_guess(worker_, connection);
    // A login of the store may be right.  The reason is for those that are known.
    if (services.records->unread() && (!request.headers.get("authorization").empty() ||
                                       !session_cookie(request, connection.secure()).empty())) {
      send_problem(worker_, connection,
                   {ProblemName::kReadOnly, "the store cannot be read, and its logins neither"},
                   "Retry-After: 1\r\n");
      return Verdict::kAnswered;
    }
    services.counters.refused(Refusal::kLogin);
    send_problem(worker_, connection, {ProblemName::kUnauthorised, why_nobody(request)});
    return Verdict::kAnswered;
  }
  // A browser sends a password that it keeps, and a cookie, with a form of any page.
  if (identity.via != Identity::Via::kToken && changes_something(request.method) &&
      !same_site_request(request.headers)) {
    send_problem(worker_, connection,
                 {ProblemName::kOtherSite, "a page of another site changes nothing here"});
    return Verdict::kAnswered;
  }
  connection.user = identity.user;
  if (found.endpoint == nullptr || is_of_session(*found.endpoint)) {
    if (found.allow.empty() || found.endpoint != nullptr)
      send_problem(worker_, connection, {ProblemName::kNotFound, "there is no such address"});
    else
      send_problem(worker_, connection,
                   {ProblemName::kMethod, "the methods of this address: " + found.allow},
                   cat({"Allow: ", found.allow, "\r\n"}));
    return Verdict::kAnswered;
  }
  ApiCaller who = caller_of(connection, identity, mount);
  if (who.role < found.endpoint->least) {
    send_problem(
        worker_, connection,
        {ProblemName::kForbidden, cat({"the role is ", to_text(who.role), ", and this needs ",
                                       to_text(found.endpoint->least)})});
    return Verdict::kAnswered;
  }
  std::uint64_t bytes = 0;
  if (const auto problem = judge_body(request, *found.endpoint, bytes)) {
    send_problem(worker_, connection, *problem);
    return Verdict::kAnswered;
  }
  if (bytes > 0 && connection.form().size() < bytes) {
    if (iequals(request.headers.get("expect"), "100-continue") &&
        !connection.send_now("HTTP/1.1 100 Continue\r\n\r\n")) {
      connection.drop();
      return Verdict::kAnswered;
    }
    connection.read_body(bytes);
    return Verdict::kPending;
  }
  auto asked = make_request(connection, request, found);
  if (const auto* problem = std::get_if<Problem>(&asked)) {
    send_problem(worker_, connection, *problem);
    return Verdict::kAnswered;
  }
  if (found.endpoint->plan == nullptr)
    return ask_server(worker_, connection,
                      {found.endpoint, std::get<ApiRequest>(std::move(asked)), std::move(who)});
  if (is_of_audience(*found.endpoint))
    return ask_audience(worker_, connection,
                        {found.endpoint, std::get<ApiRequest>(std::move(asked)), std::move(who)});
  if (found.endpoint->name == kLiveEndpoint) {
    const ApiRequest& live = std::get<ApiRequest>(asked);
    auto answer = services.records->read(*found.endpoint, live, who);
    if (std::holds_alternative<Problem>(answer))
      send_api_answer(worker_, connection, std::move(answer));
    else
      begin_live(worker_, connection, live, who);
    return Verdict::kAnswered;
  }
  if (found.endpoint->method == Method::kGet && !found.endpoint->order_only) {
    send_api_answer(worker_, connection,
                    services.records->read(*found.endpoint, std::get<ApiRequest>(asked), who));
    return Verdict::kAnswered;
  }
  return change(worker_, connection,
                {found.endpoint, std::get<ApiRequest>(std::move(asked)), std::move(who)});
}

}  // namespace lb
