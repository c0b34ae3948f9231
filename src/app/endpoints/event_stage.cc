// event_stage(): GET /admin/events, the administrator's stream of events
// (admin/feed/event_stream.h).
// Thread: its worker; the socket then moves to control.
#include <string>
#include <utility>

#include "app/endpoints/feed_reader.h"
#include "app/endpoints/stages.h"
#include "app/request/request_context.h"
#include "app/request/who_asks.h"
#include "app/services/event_service.h"
#include "app/services/worker.h"
#include "base/cat.h"

namespace lb {
namespace {

constexpr std::string_view kPath = "/admin/events";
constexpr std::string_view kLastId = "last-event-id";

}  // namespace

Verdict event_stage(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  if (request.method != Method::kGet) return Verdict::kNext;
  Runtime& runtime = worker.services;
  if (const Verdict verdict = let_in_role(worker, connection, kPath); verdict != Verdict::kNext)
    return verdict;
  Followers::Scope scope;
  scope.holds = login_holds(worker, connection);
  if (const auto sender = connection.context().sender.identity) {
    scope.addresses = sender->addresses;
    if (sender->has_own_mounts()) {
      scope.sharer = sender->account.empty() ? cat({"user ", sender->user}) : sender->account;
      scope.owns = [sender](std::string_view mount, std::string_view account) {
        return sender->owns(mount, account);
      };
    }
  }
  runtime.loops.control().post([&runtime, ended = feed_reader(worker, connection),
                                scope = std::move(scope),
                                last_id = std::string(request.headers.get(kLastId)),
                                transport = connection.take_transport()]() mutable {
    if (!runtime.events->stream().add(transport, feed_head_text(runtime), last_id, std::move(ended),
                                      std::move(scope)))
      refuse_feed_reader(runtime, *transport, "text/plain; charset=utf-8",
                         "too many programs follow the events\r\n");
  });
  return Verdict::kAnswered;
}

}  // namespace lb
