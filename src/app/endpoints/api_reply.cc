#include "app/endpoints/api_reply.h"

#include <utility>
#include <variant>

#include "api/read_request.h"
#include "app/operate/record_service.h"
#include "app/request/login_replies.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "base/strings.h"
#include "http/connections.h"
#include "http/page_headers.h"

namespace lb {
namespace {

// For requests that come too early, where no other time is known.
constexpr std::int64_t kUsualWait = 2;  // seconds

void send(Worker& worker, Connection& connection, int status, std::string content_type,
          std::string body, std::string extra = {}) {
  worker.services.records->count(status);
  ResponseHead head;
  head.status = status;
  if (!body.empty()) head.content_type = std::move(content_type);
  if (status != 204) head.content_length = body.size();
  if (status == 401) head.challenge = challenge_for(worker, connection);
  head.extra = std::move(extra) + nosniff_line(worker.services.http.read()->http_headers);
  connection.reply_bounded(head, std::move(body));
}

// The link to the next part of this answer (RFC 8288).
std::string link_line(const Request& request, const std::string& after) {
  std::string query;
  for (const std::string_view pair : split(request.query, '&'))
    if (!pair.empty() && !pair.starts_with("after=")) query += cat({pair, "&"});
  return cat(
      {"Link: <", path_as_sent(request), "?", query, "after=", after, ">; rel=\"next\"\r\n"});
}

}  // namespace

void send_json(Worker& worker, Connection& connection, std::string body) {
  send(worker, connection, 200, "application/json", std::move(body));
}

void send_problem(Worker& worker, Connection& connection, const Problem& problem,
                  std::string extra) {
  send(worker, connection, problem.status(), "application/problem+json",
       problem_json(problem, path_as_sent(connection.request())), std::move(extra));
}

void send_api_answer(Worker& worker, Connection& connection, ApiOutcome answer) {
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

std::function<void(ApiOutcome)> answer_later(Worker& worker, std::uint64_t id) {
  return [&worker, id](ApiOutcome answer) {
    worker.answer(id, [&worker, answer = std::move(answer)](Connection& waiting) mutable {
      send_api_answer(worker, waiting, std::move(answer));
    });
  };
}

}  // namespace lb
