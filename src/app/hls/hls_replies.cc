#include "app/hls/hls_replies.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

#include "app/hls/hls_stage.h"
#include "app/request/hls_ask.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/services/archive_service.h"
#include "app/services/hls_service.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "config/settings/config.h"
#include "hls/id3_head.h"
#include "hls/media_playlist.h"
#include "hls/past_lookup.h"
#include "http/byte_range.h"
#include "http/connection_record.h"
#include "http/stream_type.h"
#include "stream/listener/loop_streams.h"
#include "stream/source/picture_shelf.h"

namespace lb {
namespace {

constexpr std::size_t kMaxAgent = 200;
// A list up to this size is made as a whole, a longer one in pieces of it.
constexpr std::size_t kListPiece = 64 * 1024;
constexpr std::uint64_t kSlowestReader = 8 * 1024;  // bytes a second

// A long list with a parameter of the player: a thousand players share one list in memory.
class LongList final : public MadeSource {
 public:
  LongList(std::shared_ptr<const HlsPast> past, std::string query)
      : past_(std::move(past)),
        pieces_(past_->list.text, std::move(query)),
        left_(pieces_.size()) {}
  Piece next() override {
    Piece out;
    out.bytes = pieces_.next(kListPiece);
    if (!out.bytes.empty()) out.kind = Piece::Kind::kBytes;
    left_ -= out.bytes.size();
    return out;
  }
  std::uint64_t left() const noexcept override { return left_; }

 private:
  const std::shared_ptr<const HlsPast> past_;
  PlaylistPieces pieces_;
  std::uint64_t left_;
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
  head.extra += extra;
  connection.reply_whole(std::move(head), std::move(text));
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
  worker.streams->count_sent(bytes);
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

std::vector<ReplyRun> slice_of(std::vector<ReplyRun> runs, std::uint64_t first, std::uint64_t end) {
  std::vector<ReplyRun> out;
  std::uint64_t begin = 0;  // of the run within the body
  for (ReplyRun& run : runs) {
    const std::uint64_t to = begin + run.bytes;
    const std::uint64_t from = std::max(first, begin), until = std::min(end, to);
    if (from < until) {
      run.at += from - begin;
      run.bytes = until - from;
      out.push_back(std::move(run));
    }
    begin = to;
  }
  return out;
}

Verdict HlsStage::serve_segment(Connection& connection, const std::shared_ptr<Mount>& mount) {
  const HlsAsk& ask = *connection.context().hls;
  const auto view = mount->channel().newest();
  const auto segment = HlsCut(*view).find(ask.named.stream, ask.named.sequence);
  if (!segment || segment->adts != ask.named.adts) return serve_past_segment(connection);
  HlsSegmentBody body;
  body.segment = *segment;
  body.title = view->metadata_at(segment->begin);
  body.sound.push_back(
      ReplyRun::of_file(view, view->store->fd(), segment->begin, segment->end - segment->begin));
  return send_segment(connection, mount, std::move(body));
}

Verdict HlsStage::send_segment(Connection& connection, const std::shared_ptr<Mount>& mount,
                               HlsSegmentBody body) {
  Traffic& traffic = worker_.services;
  HlsAsk& ask = *connection.context().hls;
  const Request& request = connection.request();
  const bool is_get = request.method == Method::kGet;
  const bool checked = !section_of(traffic, connection).authenticator.type.empty();
  if (ask.joins() && is_get)
    if (const auto refused = admit(connection, mount)) return *refused;
  if (checked && !ask.known)
    return refuse_hls(connection, 403, "This segment is for listeners of the list\r\n");
  const HlsSegment& segment = body.segment;
  const std::string song = body.title ? body.title->song() : std::string();
  const PlayedTitle played = traffic.titles.played(mount->name(), song);
  const std::string id3 =
      id3_head(hls_timestamp(segment), song, played.parts().artist,
               played.art.empty() ? std::string() : cat({kPicturePath, played.art}));
  const std::uint64_t size = id3.size() + (segment.end - segment.begin);
  ResponseHead head = hls_head(connection, 200, segment.adts ? "audio/aac" : "audio/mpeg");
  head.cache = cat({checked || body.reserved ? "private" : "public", ", max-age=86400, immutable"});
  traffic.hls->count(HlsRequest::kSegment);
  // Nodes get titles at different bytes, so a segment's tag may differ elsewhere.
  const std::string tag =
      cat({"\"", segment_name(segment), "-", std::hash<std::string>()(id3), "\""});
  if (hls_unchanged(connection, head, tag)) return Verdict::kAnswered;
  const bool same = request.headers.get("if-range", tag) == tag;
  const ByteRange range = parse_byte_range(same ? request.headers.get("range") : "", size);
  head.extra += range_lines(range, size);
  if (range.kind == ByteRange::Kind::kBad) {
    head.status = 416;
    head.cache.clear();
    head.content_length = 0;
    connection.reply(head, {});
    return Verdict::kAnswered;
  }
  const bool part = range.kind == ByteRange::Kind::kPart;
  if (part) head.status = 206;
  const std::uint64_t first = part ? range.first : 0, end = part ? range.last() + 1 : size;
  head.content_length = end - first;
  std::vector<ReplyRun> runs;
  runs.push_back(ReplyRun::of_text(id3));
  for (ReplyRun& run : body.sound) runs.push_back(std::move(run));
  if (is_get) {
    HlsSessions& sessions = traffic.hls->sessions();
    // A byte costs as little as a list.
    const bool is_heard = (end - first) * 2 >= size;
    const std::uint64_t bytes = connection.head_bytes(head) + (end - first);
    if (ask.known) {
      sessions.touch(ask.session, mount->name(), worker_.loop.now(), bytes);
      if (is_heard) sessions.earn(ask.session, mount->name());
    } else {
      sessions.count_segment(crowd_of(connection, request, mount->name()), bytes, connection.ip(),
                             mount->name(), is_heard);
    }
    count_hls_sent(worker_, *mount, connection, bytes, ask.path);
  }
  connection.reply_runs(head, slice_of(std::move(runs), first, end));
  return Verdict::kAnswered;
}

}  // namespace lb
