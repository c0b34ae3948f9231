#include "app/endpoints/feed_reader.h"

#include <memory>
#include <utility>

#include "app/request/request_context.h"
#include "app/services/runtime.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "http/access_line.h"
#include "http/connections.h"

namespace lb {
namespace {

struct FeedReader {
  std::string ip, user, request, referer, agent;
  SteadyTime began{};
  GatePass place;
};

void write_feed_access(Runtime& runtime, const FeedReader& reader, std::uint64_t bytes) {
  AccessFacts facts;
  facts.ip = reader.ip;
  facts.user = reader.user;
  facts.request = reader.request;
  facts.bytes_sent = bytes;
  facts.referer = reader.referer;
  facts.user_agent = reader.agent;
  facts.seconds =
      std::chrono::duration_cast<std::chrono::seconds>(runtime.clock.steady() - reader.began)
          .count();
  log_access(runtime.log, facts, runtime.clock.wall());
}

std::string render_feed_head(const Runtime& runtime, const ResponseHead& head,
                             bool cross_origin = false) {
  const auto settings = runtime.http.read();
  ReplyFacts facts;
  facts.server_id = settings->server_id;
  facts.now = runtime.clock.wall();
  facts.http_headers = settings->http_headers;
  facts.cross_origin = cross_origin;
  return render_head(head, facts);
}

}  // namespace

Followers::Ended feed_reader(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  auto reader = std::make_unique<FeedReader>();
  reader->ip = connection.ip();
  reader->user = connection.user;
  reader->request = access_request(request);
  reader->referer = request.headers.get("referer");
  reader->agent = request.headers.get("user-agent");
  reader->began = worker.services.clock.steady();
  reader->place = std::move(connection.context().client_pass);
  return [&runtime = worker.services, reader = std::move(reader)](std::uint64_t bytes) {
    write_feed_access(runtime, *reader, bytes);
    reader->place.leave();
  };
}

ResponseHead feed_head() {
  ResponseHead head;
  head.content_type = "text/event-stream";
  // Otherwise nginx buffers events until its buffer is full.
  head.extra = "X-Accel-Buffering: no\r\n";
  return head;
}

std::string feed_head_text(const Runtime& runtime, bool cross_origin) {
  return render_feed_head(runtime, feed_head(), cross_origin);
}

void refuse_feed_reader(const Runtime& runtime, Transport& transport, std::string_view type,
                        std::string_view body) {
  ResponseHead head;
  head.status = 503;
  head.content_type = type;
  head.content_length = body.size();
  head.extra = "Retry-After: 5\r\n";
  std::string text = cat({render_feed_head(runtime, head), body});
  iovec part{};
  part.iov_base = text.data();
  part.iov_len = text.size();
  [[maybe_unused]] const IoResult sent = transport.write_v({&part, 1}, false);
  transport.shut_down_write();
}

}  // namespace lb
