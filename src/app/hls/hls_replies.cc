#include "app/hls/hls_replies.h"

#include <chrono>
#include <utility>

#include "app/services/archive_service.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "hls/past_lookup.h"
#include "http/reply_source.h"
#include "http/stream_type.h"

namespace lb {
namespace {

constexpr std::size_t kMaxAgent = 200;
// A list up to this size is made at once, a longer one in pieces of it.
constexpr std::size_t kListPiece = 64 * 1024;
constexpr std::uint64_t kSlowestReader = 8 * 1024;  // bytes a second

// A long list with a parameter of its player: a thousand of them have one list in memory.
class LongList final : public ReplySource {
 public:
  LongList(std::shared_ptr<const HlsPast> past, std::string query)
      : past_(std::move(past)), pieces_(past_->list.text, std::move(query)) {}
  Piece next() override {
    Piece out;
    out.bytes = pieces_.next(kListPiece);
    if (!out.bytes.empty()) out.kind = Piece::Kind::kBytes;
    return out;
  }

 private:
  const std::shared_ptr<const HlsPast> past_;
  PlaylistPieces pieces_;
};

}  // namespace

ResponseHead hls_head(Connection& connection, int status, std::string_view type) {
  ResponseHead head;
  head.status = status;
  head.content_type = type;
  head.http_1_1 = true;
  head.keep_alive = client_keeps_alive(connection.request());
  head.exposes = "X-LB-Stream, X-LB-Archive";
  head.extra = stream_header_lines(type);
  return head;
}

Verdict refuse_hls(Connection& connection, int status, std::string text, std::string extra) {
  ResponseHead head = hls_head(connection, status, "text/plain; charset=utf-8");
  head.cache = "max-age=1";
  head.content_length = text.size();
  head.extra += extra;
  connection.reply(head, std::move(text));
  return Verdict::kAnswered;
}

void reply_past_list(Connection& connection, ResponseHead head, std::shared_ptr<const HlsPast> past,
                     std::string query) {
  const PlaylistText& text = past->list.text;
  const std::uint64_t bytes = PlaylistPieces(text, query).size();
  head.content_length = bytes;
  if (query.empty())
    connection.reply_shared(head, {past, text.text});
  else if (bytes <= kListPiece)
    connection.reply(head, with_query(text, query));
  else
    connection.reply_source(std::move(head),
                            std::make_unique<LongList>(std::move(past), std::move(query)),
                            std::chrono::seconds(bytes / kSlowestReader));
}

std::string crowd_of(const Connection& connection, const Request& request,
                     const std::string& mount) {
  return cat(
      {connection.ip(), "\n", mount, "\n", request.headers.get("user-agent").substr(0, kMaxAgent)});
}

bool hls_unchanged(Connection& connection, ResponseHead& head, const std::string& tag) {
  connection.is_probe = true;
  head.extra += cat({"ETag: ", tag, "\r\n"});
  if (!client_has(connection.request(), tag)) return false;
  head.status = 304;
  connection.reply(head, {});
  return true;
}

void count_hls_sent(Worker& worker, Mount& mount, const Connection& connection, std::uint64_t bytes,
                    const std::string& request) {
  mount.bytes_sent.fetch_add(bytes, std::memory_order_relaxed);
  worker.streams.count_sent(bytes);
  if (!worker.services.log.enabled(LogLevel::kDebug)) return;
  worker.services.log.debug("hls/request",
                            cat({connection.ip(), " \"", request, "\" ", bytes, " bytes"}));
}

bool has_past(Traffic& traffic, const MountSettings& section, const std::string& mount) {
  return traffic.archive->has(mount) || (traffic.archive->on() && section.archive.enabled);
}

bool has_hls_format(const Mount& mount) {
  const auto facts = mount.facts();
  return facts->plugin != nullptr && facts->plugin->name == "mpeg";
}

std::uint32_t hls_cut_of(const Mount& mount) {
  const auto view = mount.channel().newest();
  return view->spans.empty() ? 0 : view->spans[view->spans.end() - 1].segments.cut_ms;
}

}  // namespace lb
