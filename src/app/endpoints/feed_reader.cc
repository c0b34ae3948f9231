#include "app/endpoints/feed_reader.h"

#include <memory>
#include <utility>

#include "app/request/request_context.h"
#include "app/services/runtime.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "http/access_line.h"
#include "http/connections.h"
#include "stream/listener/listener.h"

namespace lb {
namespace {

struct FeedReader {
  std::string ip;
  RequestFacts facts;
  SteadyTime began{};
  GatePass place;
};

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
  auto reader = std::make_unique<FeedReader>(
      FeedReader{connection.ip(), RequestFacts(connection.request(), connection.user),
                 worker.services.clock.steady(), std::move(connection.context().client_pass)});
  return [&runtime = worker.services, reader = std::move(reader)](std::uint64_t bytes) {
    const auto lasted = runtime.clock.steady() - reader->began;
    log_access(runtime.log, reader->facts.access(reader->ip, bytes, lasted), runtime.clock.wall());
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
