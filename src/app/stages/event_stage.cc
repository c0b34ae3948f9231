#include "app/stages/event_stage.h"

#include <memory>
#include <string>
#include <utility>

#include "app/services/event_service.h"
#include "app/services/worker.h"
#include "app/stages/request_context.h"
#include "app/stages/who_asks.h"
#include "http/access_line.h"

namespace lb {
namespace {

constexpr std::string_view kPath = "/admin/events";
constexpr std::string_view kLastId = "last-event-id";

std::string reply_head(const Services& services, int status) {
  const auto settings = services.http.read();
  ResponseHead head;
  head.status = status;
  head.content_type = status == 200 ? "text/event-stream" : "text/plain; charset=utf-8";
  // nginx would hold events back until it has a buffer full of them.
  head.extra = status == 200 ? "X-Accel-Buffering: no\r\n" : "Retry-After: 5\r\n";
  ReplyFacts facts;
  facts.server_id = settings->server_id;
  facts.now = services.clock.wall();
  facts.http_headers = settings->http_headers;
  return render_head(head, facts);
}

// What the access log is told when the reader has gone.
struct Reader {
  std::string ip, user, request, referer, agent;
  SteadyTime began{};
  GatePass place;
};

void write_access(Services& services, const Reader& reader, std::uint64_t bytes) {
  AccessFacts facts;
  facts.ip = reader.ip;
  facts.user = reader.user;
  facts.request = reader.request;
  facts.bytes_sent = bytes;
  facts.referer = reader.referer;
  facts.user_agent = reader.agent;
  facts.seconds =
      std::chrono::duration_cast<std::chrono::seconds>(services.clock.steady() - reader.began)
          .count();
  log_access(services.log, facts, services.clock.wall());
}

// Nothing of a refusal's few bytes can be in the way of an empty socket buffer.
void refuse(const Services& services, Transport& transport) {
  std::string text = reply_head(services, 503) + "too many programs follow the events\r\n";
  iovec part{};
  part.iov_base = text.data();
  part.iov_len = text.size();
  [[maybe_unused]] const IoResult sent = transport.write_v({&part, 1}, false);
  transport.shut_down_write();
}

}  // namespace

Verdict EventStage::handle(Connection& connection) {
  const Request& request = connection.request();
  if (request.method != Method::kGet) return Verdict::kNext;
  Services& services = worker_.services;
  if (const Verdict verdict = let_in_role(worker_, connection, kPath); verdict != Verdict::kNext)
    return verdict;
  auto reader = std::make_shared<Reader>();
  reader->ip = connection.ip();
  reader->user = connection.user;
  reader->request = access_request(request);
  reader->referer = request.headers.get("referer");
  reader->agent = request.headers.get("user-agent");
  reader->began = services.clock.steady();
  reader->place = std::move(connection.context().client_pass);
  Followers::Scope scope;
  scope.holds = login_holds(worker_, connection);
  if (const auto sender = connection.context().identity) {
    scope.addresses = sender->addresses;
    if (sender->has_own_mounts())
      scope.owns = [sender](std::string_view mount, std::string_view account) {
        return sender->owns(mount, account);
      };
  }
  services.loops.control().post([&services, reader, scope = std::move(scope),
                                 last_id = std::string(request.headers.get(kLastId)),
                                 transport = connection.take_transport()]() mutable {
    const auto ended = [&services, reader](std::uint64_t bytes) {
      write_access(services, *reader, bytes);
      reader->place.leave();
    };
    if (!services.events->stream().add(transport, reply_head(services, 200), last_id, ended,
                                       std::move(scope)))
      refuse(services, *transport);
  });
  return Verdict::kAnswered;
}

}  // namespace lb
