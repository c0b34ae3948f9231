#include "app/hls/hls_segments.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "app/hls/hls_replies.h"
#include "app/hls/hls_stage.h"
#include "app/request/hls_ask.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/services/hls_service.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "config/settings/config.h"
#include "hls/id3_head.h"
#include "hls/media_playlist.h"
#include "http/byte_range.h"
#include "stream/source/picture_shelf.h"

namespace lb {

std::vector<ReplyRun> slice_of(std::vector<ReplyRun> runs, std::uint64_t first, std::uint64_t end) {
  std::vector<ReplyRun> out;
  std::uint64_t begin = 0;  // of the run among all bytes
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
  head.cache = cat({checked ? "private" : "public", ", max-age=86400, immutable"});
  traffic.hls->count(HlsRequest::kSegment);
  // Titles reach nodes at other bytes: a segment may have another one elsewhere.
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
    if (ask.known) {
      sessions.touch(ask.session, mount->name(), worker_.loop.now(), end - first);
      sessions.earn(ask.session, mount->name());
    } else {
      sessions.count_segment(crowd_of(connection, request, mount->name()), end - first,
                             connection.ip(), mount->name());
    }
    count_hls_sent(worker_, *mount, connection, end - first, ask.path);
  }
  connection.reply_runs(head, slice_of(std::move(runs), first, end));
  return Verdict::kAnswered;
}

}  // namespace lb
