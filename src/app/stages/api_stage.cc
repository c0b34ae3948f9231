#include "app/stages/api_stage.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "admin/identity.h"
#include "api/endpoints.h"
#include "api/made_answer.h"
#include "api/openapi.h"
#include "app/services/worker.h"
#include "app/stages/login_replies.h"
#include "app/stages/request_context.h"
#include "app/stages/who_asks.h"
#include "app/station/external_answer.h"
#include "app/station/record_service.h"
#include "base/strings.h"
#include "http/page_headers.h"

namespace lb {
namespace {

constexpr std::string_view kDescriptionSchema = "OpenApi";

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
  if (status == 401) head.challenge = challenge_for(worker, connection.request());
  head.extra = std::move(extra) + nosniff_line(worker.services.http.read()->http_headers);
  connection.reply(head, std::move(body));
}

void send_problem(Worker& worker, Connection& connection, const Problem& problem,
                  std::string extra = {}) {
  send(worker, connection, problem.status(), "application/problem+json",
       problem_json(problem, path_as_sent(connection.request())), std::move(extra));
}

void send_api_answer(Worker& worker, Connection& connection, RecordService::Answer answer) {
  if (const auto* problem = std::get_if<Problem>(&answer)) {
    const bool later = problem->status() == 503;
    send_problem(worker, connection, *problem, later ? "Retry-After: 2\r\n" : "");
    return;
  }
  ApiAnswer& given = std::get<ApiAnswer>(answer);
  std::string extra;
  if (given.revision != 0) extra += "ETag: \"" + std::to_string(given.revision) + "\"\r\n";
  if (!given.location.empty()) extra += "Location: " + given.location + "\r\n";
  send(worker, connection, given.status, "application/json", std::move(given.body),
       std::move(extra));
}

ApiCaller caller_of(const Connection& connection, const Identity& identity) {
  ApiCaller caller;
  caller.name = identity.user;
  caller.role = user_role(identity.role);
  caller.account = identity.account;
  caller.mounts = identity.mounts;
  caller.addresses = identity.addresses;
  caller.ip = connection.ip();
  caller.via = to_text(identity.via);
  return caller;
}

// What is wrong with the frame of the body; nullopt: nothing.  bytes: its length.
std::optional<Problem> judge_body(const Request& request, std::uint64_t& bytes) {
  bytes = 0;
  if (request.headers.find("transfer-encoding") != nullptr)
    return Problem{ProblemName::kLengthRequired, "a body in chunks is not read"};
  const std::string* length = request.headers.find("content-length");
  if (length == nullptr) return std::nullopt;
  const auto number = parse_u64(*length);
  if (!number || *number > ApiStage::kBodyBytes)
    return Problem{ProblemName::kTooLarge, "the body has " + *length + " bytes; at most " +
                                               std::to_string(ApiStage::kBodyBytes) + " are read"};
  bytes = *number;
  return std::nullopt;
}

// The request as the plans want it; or what is wrong with it.
std::variant<ApiRequest, Problem> make_request(const Connection& connection, const Request& request,
                                               FoundEndpoint found) {
  ApiRequest asked;
  asked.method = found.endpoint->method;
  asked.path = path_as_sent(request);
  asked.names = std::move(found.names);
  asked.query = request.query;
  asked.body = connection.form();
  asked.if_match = request.headers.get("if-match");
  if (const std::string* key = request.headers.find("idempotency-key");
      key != nullptr && found.endpoint->keyed) {
    if (!is_idempotency_key(*key))
      return Problem{ProblemName::kBadRequest,
                     "an Idempotency-Key has 8 to 128 printable characters"};
    asked.key = *key;
  }
  if (found.endpoint->body.empty()) return asked;
  auto json = Json::parse(asked.body.empty() ? "{}" : asked.body);
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

const std::string& description() {
  static const std::string kText = openapi_json();
  return kText;
}

}  // namespace

bool api_is_on(const Config& config) noexcept {
  return config.api && (config.console.enabled || config.store.type != StoreType::kNone);
}

Verdict ApiStage::handle(Connection& connection) {
  const Request& request = connection.request();
  if (!is_api_path(request.path) && !request.only_api) return Verdict::kNext;
  Services& services = worker_.services;
  if (!api_is_on(*services.config.read())) return Verdict::kNext;

  FoundEndpoint found = find_endpoint(request.method, path_as_sent(request));
  if (found.endpoint != nullptr && found.endpoint->answer == kDescriptionSchema) {
    send(worker_, connection, 200, "application/json", description());
    return Verdict::kAnswered;
  }
  const Asker asker = who_asks(worker_, connection);
  if (asker.verdict != Verdict::kNext) return asker.verdict;
  const Identity& identity = *asker.identity;
  if (identity.is_nobody()) {
    note_guess(worker_, connection);
    services.counters.refused(Refusal::kLogin);
    send_problem(worker_, connection,
                 {ProblemName::kUnauthorised, "a login is needed: Basic, a session or a token"});
    return Verdict::kAnswered;
  }
  connection.user = identity.user;
  if (found.endpoint == nullptr || is_of_session(*found.endpoint)) {
    if (found.allow.empty() || found.endpoint != nullptr)
      send_problem(worker_, connection, {ProblemName::kNotFound, "there is no such address"});
    else
      send_problem(worker_, connection,
                   {ProblemName::kMethod, "the methods of this address: " + found.allow},
                   "Allow: " + found.allow + "\r\n");
    return Verdict::kAnswered;
  }
  ApiCaller who = caller_of(connection, identity);
  if (who.role < found.endpoint->least) {
    send_problem(worker_, connection,
                 {ProblemName::kForbidden, "the role is " + std::string(to_text(who.role)) +
                                               ", and this needs " +
                                               std::string(to_text(found.endpoint->least))});
    return Verdict::kAnswered;
  }
  std::uint64_t bytes = 0;
  if (const auto problem = judge_body(request, bytes)) {
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
  if (found.endpoint->method == Method::kGet && !found.endpoint->order_only) {
    send_api_answer(worker_, connection,
                    services.records->read(*found.endpoint, std::get<ApiRequest>(asked), who));
    return Verdict::kAnswered;
  }
  return change(worker_, connection,
                {found.endpoint, std::get<ApiRequest>(std::move(asked)), std::move(who)});
}

}  // namespace lb
