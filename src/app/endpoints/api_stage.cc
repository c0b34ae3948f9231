// api_stage(): /api/v1: finds the endpoint, judges the login and its role, reads the body, and has
// the request answered: here if it only reads, by RecordService if it changes records, else on
// control.
//
// A body of at most kMaxApiBodyBytes is read after the login was judged.  The connection is closed
// after the answer.  Where the API is off, its addresses answer that.
// Source: doc/api.md.
// Thread: its worker.
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "admin/command/security.h"
#include "admin/page/identity.h"
#include "api/audience/audience_plans.h"
#include "api/endpoints.h"
#include "api/openapi.h"
#include "api/read_request.h"
#include "api/records/live_plans.h"
#include "api/records/record_plans.h"
#include "api/request/lane_room.h"
#include "app/audience/audience_service.h"
#include "app/endpoints/api_reply.h"
#include "app/endpoints/stages.h"
#include "app/operate/external_answer.h"
#include "app/operate/record_service.h"
#include "app/request/login_replies.h"
#include "app/request/password_guesses.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/request/who_asks.h"
#include "app/services/login_service.h"
#include "app/services/worker.h"
#include "auth/guard/login_guard.h"
#include "auth/guard/throttle.h"
#include "base/cat.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "http/static_files.h"
#include "http/stream_type.h"

namespace lb {
namespace {

constexpr std::string_view kDescriptionSchema = "OpenApi";

// A source also knows its title.
bool takes_source_login(const Endpoint& endpoint) {
  return endpoint.plan == set_mount_title || endpoint.plan == set_mount_art;
}

// The mount whose source login may use this endpoint too; "": none.
std::string mount_of_source(const FoundEndpoint& found) {
  if (found.endpoint == nullptr || !takes_source_login(*found.endpoint)) return {};
  const std::string& mount = found.names.at(0);
  return mount.starts_with('/') ? mount : "/" + mount;
}

// mount: of mount_of_source().
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
  caller.encoder = identity.encoder;
  if (identity.role == AdminRole::kSource && !mount.empty()) {
    caller.source = true;
    caller.role = Role::kOperator;
    caller.mounts = {mount};
  }
  return caller;
}

bool changes_something(Method method) {
  return method != Method::kGet && method != Method::kHead && method != Method::kOptions;
}

std::string why_nobody(const Request& request) {
  const std::string_view given = request.headers.get("authorization");
  if (istarts_with(given, "basic ")) return "the user name or the password is wrong";
  if (istarts_with(given, "bearer ")) return "the token is unknown here, or has expired";
  return "a login is needed: Basic, a session or a token";
}

struct RefusedAsk {
  Problem problem;
  std::string extra = {};  // header lines
};

// Why a known login may not do this.
std::optional<RefusedAsk> judge(const Request& request, const Identity& identity,
                                const ApiCaller& who, const FoundEndpoint& found) {
  // A form on any page makes a browser send its stored password or cookie.
  if (identity.via != Identity::Via::kToken && changes_something(request.method) &&
      !same_site_request(request.headers))
    return RefusedAsk{
        {ProblemName::kOtherSite, "a page of another site may not change anything here"}};
  if (found.endpoint == nullptr && !found.allow.empty())
    return RefusedAsk{{ProblemName::kMethod, "the methods of this address: " + found.allow},
                      cat({"Allow: ", found.allow, "\r\n"})};
  if (found.endpoint == nullptr || is_of_session(*found.endpoint))
    return RefusedAsk{{ProblemName::kNotFound, "the API has no such address"}};
  if (who.role < found.endpoint->least)
    return RefusedAsk{
        {ProblemName::kForbidden, cat({"the role is ", to_text(who.role), ", and this needs ",
                                       to_text(found.endpoint->least)})}};
  return std::nullopt;
}

// Asks control: for a change of records, or for an endpoint without a plan.  When all loops stand
// still for a hand-over, what waits has not begun (RecordService::rest).
Verdict ask_control(Worker& worker, Connection& connection, ApiTask task) {
  connection.can_be_repeated(true);
  worker.services.loops.control().post(
      [&worker, task = std::move(task),
       answered = answer_later(worker, connection.id())]() mutable {
        if (task.endpoint->plan == nullptr)
          answered(answer_external(worker.services, task));
        else
          worker.services.records->run(std::move(task), std::move(answered));
      });
  return Verdict::kPending;
}

// The old password of the login's own user, sent for a new one; nullopt: another request.
std::optional<std::string> old_password(const ApiTask& task) {
  const bool own = task.endpoint->plan == set_user_password && task.who.via != "token" &&
                   task.request.names.at(0) == task.who.name;
  const auto old = own ? task.request.json.at("old").text() : std::nullopt;
  return old ? std::optional(std::string(*old)) : std::nullopt;
}

// The session may be stolen, so a wrong old password counts as a wrong login.
Verdict ask_with_password(Worker& worker, Connection& connection, ApiTask task,
                          const std::string& old) {
  Services& services = worker.services;
  const Credentials given{task.who.name, old};
  const Address from = connection.peer();
  if (!services.throttle->was_right(from, given.user, old) &&
      answer_if_throttled(worker, connection, given.user))
    return Verdict::kAnswered;
  LoginGuard::Guess guess = services.login->guard().enter(given.user, old, from);
  if (guess.wait) return reply_slowed(worker, connection, *guess.wait);
  auto judged = [&worker, id = connection.id(), given, from, guess = std::move(guess),
                 answered = answer_later(worker, connection.id())](ApiOutcome outcome) {
    const auto* problem = std::get_if<Problem>(&outcome);
    const bool wrong = problem != nullptr && problem->name == ProblemName::kForbidden;
    worker.services.login->judged(wrong                ? LoginResult::kWrong
                                  : problem == nullptr ? LoginResult::kRight
                                                       : LoginResult::kBusy,
                                  guess, given.user, from);
    if (wrong)
      worker.answer(id, [&worker, user = given.user](Connection& waiting) {
        note_wrong_login(worker, waiting, user);
      });
    answered(std::move(outcome));
  };
  services.loops.control().post(
      [&services, task = std::move(task), judged = std::move(judged)]() mutable {
        services.records->run(std::move(task), std::move(judged));
      });
  return Verdict::kPending;
}

// Asks the thread of the audience's database.
Verdict ask_audience(Worker& worker, Connection& connection, ApiTask task) {
  const auto answered = answer_later(worker, connection.id());
  Services& services = worker.services;
  if (!services.listenings->on()) {
    send_api_answer(worker, connection, services.records->read_audience(task, nullptr, ""));
    return Verdict::kAnswered;
  }
  // Only for the addresses that this server itself keeps.
  const bool own = asked_listener(task.request) && services.listenings->keeps_addresses();
  if (changes_something(task.request.method) && !own && services.listenings->sends_up()) {
    send_problem(worker, connection,
                 {ProblemName::kRefused,
                  task.request.method == Method::kDelete
                      ? "the rows of this server are in the database of its master, which deletes "
                        "them by ?session="
                      : "the rows of this server are in the database of its master, which takes "
                        "this"});
    return Verdict::kAnswered;
  }
  const bool copies = task.endpoint->plan == back_up_audience && !task.request.dry_run();
  if (copies && !services.listenings->begin_copy()) {
    send_problem(worker, connection,
                 {ProblemName::kBusy, "a copy of the audience's database is in progress"});
    return Verdict::kAnswered;
  }
  bool asked = false;
  const std::string lane = lane_of(task.who);
  if (const auto listener = asked_listener(task.request)) {
    ListeningFacts facts;
    facts.address = listener->address;
    facts.agent = listener->agent;
    facts.user = listener->user;
    asked = services.listenings->ask_of(
        lane, std::move(facts),
        [&services, task = std::move(task), answered](DayKeys::Who who, Sqlite* database,
                                                      const std::string& why) {
          answered(services.records->read_audience(task, database, why,
                                                   std::pair(who.today, who.before)));
        });
  } else {
    auto work = [&services, task = std::move(task), answered, copies](Sqlite* database,
                                                                      const std::string& why) {
      auto answer = services.records->read_audience(task, database, why);
      if (copies) services.listenings->end_copy();
      answered(std::move(answer));
    };
    asked = copies ? services.listenings->copy(lane, std::move(work))
                   : services.listenings->ask(lane, std::move(work));
    if (!asked && copies) services.listenings->end_copy();
  }
  if (asked) return Verdict::kPending;
  send_problem(worker, connection,
               {ProblemName::kOverloaded, "other reports of the audience are in progress"});
  return Verdict::kAnswered;
}

const std::string& description() {
  static const std::string kText = openapi_json();
  return kText;
}

// A stream or a file may have such a name where the API is off.
Verdict answer_off(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  const Services& services = worker.services;
  const bool sends = request.method == Method::kSource || request.method == Method::kPut ||
                     is_stream_type(request.headers.get("content-type"));
  if (!request.only_api && (sends || services.mounts.find(request.path) ||
                            services.files.read()->has_file(request.path)))
    return Verdict::kNext;
  ResponseHead head;
  head.status = problem_kind(ProblemName::kApiOff).status;
  head.content_type = "application/problem+json";
  const std::string body = problem_json(
      {ProblemName::kApiOff, config_of(services, connection)->api
                                 ? "the API is off: nobody could log in without an <admin-password>"
                                 : "the API is off: <api>1</api>"},
      path_as_sent(request));
  connection.reply_whole(std::move(head), body);
  return Verdict::kAnswered;
}

// Refuses a request without a login, or with a wrong one.
Verdict refuse_nobody(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  note_guess(worker, connection);
  // The store is unread, so the login may be right.  The details are for known senders only.
  if (worker.services.records->unread() &&
      (!request.headers.get("authorization").empty() ||
       !session_cookie(request, connection.secure()).empty())) {
    send_problem(worker, connection,
                 {ProblemName::kReadOnly, "the store cannot be read, so its logins are not known"},
                 "Retry-After: 1\r\n");
    return Verdict::kAnswered;
  }
  worker.services.counters.refused(Refusal::kLogin);
  // The login is right for a mount's source: neither a browser nor a script should ask for another.
  const auto given = basic_credentials(request.headers);
  const bool of_source = given && worker.services.users.read()->user(given->user) == nullptr &&
                         is_known_password(*config_of(worker.services, connection), *given);
  if (of_source)
    send_problem(worker, connection,
                 {ProblemName::kForbidden, "the login belongs to a source; a user is needed"});
  else
    send_problem(worker, connection, {ProblemName::kUnauthorised, why_nobody(request)});
  return Verdict::kAnswered;
}

// A history that only the audience's database has.
bool reads_old_history(const Services& services, const ApiTask& task) {
  const auto plan = task.endpoint->plan;
  if (plan == read_history && query_param(task.request.query, "by") == "country") return true;
  return (plan == read_history || plan == read_mount_history) && services.listenings->on() &&
         !services.listenings->sends_up() &&
         is_old_history(task.request, *services.config.read(), services.clock.wall());
}

Verdict answer_asked(Worker& worker, Connection& connection, ApiTask task) {
  RecordService& records = *worker.services.records;
  const Endpoint& endpoint = *task.endpoint;
  if (endpoint.plan == nullptr) return ask_control(worker, connection, std::move(task));
  if (is_of_audience(endpoint) || reads_old_history(worker.services, task))
    return ask_audience(worker, connection, std::move(task));
  const bool follows = endpoint.name == kLiveEndpoint;
  if (const auto old = old_password(task))
    return ask_with_password(worker, connection, std::move(task), *old);
  if (!follows && (endpoint.method != Method::kGet || endpoint.order_only))
    return ask_control(worker, connection, std::move(task));
  auto read = records.read(endpoint, task.request, task.who);
  if (follows && !std::holds_alternative<Problem>(read))
    begin_live(worker, connection, task.request, task.who);
  else
    send_api_answer(worker, connection, std::move(read));
  return Verdict::kAnswered;
}

}  // namespace

Verdict api_stage(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  if (!api_is_on(*config_of(worker.services, connection))) return answer_off(worker, connection);
  FoundEndpoint found = find_endpoint(request.method, path_as_sent(request));
  if (found.endpoint != nullptr && found.endpoint->answer == kDescriptionSchema) {
    send_json(worker, connection, description());
    return Verdict::kAnswered;
  }
  const std::string mount = mount_of_source(found);
  const Asker asker = who_asks(
      worker, connection, mount.empty() ? std::nullopt : std::optional<std::string_view>(mount));
  if (asker.verdict != Verdict::kNext) return asker.verdict;
  if (asker.identity->is_nobody()) return refuse_nobody(worker, connection);
  connection.user = asker.identity->user;
  ApiCaller who = caller_of(connection, *asker.identity, mount);
  if (auto refused = judge(request, *asker.identity, who, found)) {
    send_problem(worker, connection, refused->problem, std::move(refused->extra));
    return Verdict::kAnswered;
  }
  const auto bytes = body_bytes(request, *found.endpoint);
  if (const auto* problem = std::get_if<Problem>(&bytes)) {
    send_problem(worker, connection, *problem);
    return Verdict::kAnswered;
  }
  if (connection.form().size() < std::get<std::uint64_t>(bytes)) {
    connection.read_body(std::get<std::uint64_t>(bytes));
    return Verdict::kPending;
  }
  const Endpoint& endpoint = *found.endpoint;
  auto asked = read_request(request, std::move(found), connection.form());
  if (const auto* problem = std::get_if<Problem>(&asked)) {
    send_problem(worker, connection, *problem);
    return Verdict::kAnswered;
  }
  return answer_asked(worker, connection,
                      {&endpoint, std::get<ApiRequest>(std::move(asked)), std::move(who)});
}

}  // namespace lb
