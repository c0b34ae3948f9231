#include "hls/past_lists.h"

#include <algorithm>

#include "archive/files/archive_name.h"
#include "hls/master_playlist.h"

namespace lb {
namespace {

// Allows for a segment in two files, and for a next source in the next file.
constexpr std::int64_t kMarginMs = 120'000;
constexpr std::int64_t kLongestSegmentMs = 10'000;  // of <segment>
// A source sends ahead: its bytes may be dated later than now, and later than the first bytes of
// the next source.
constexpr std::int64_t kLeadMs = 60'000;
// A segment may still be on its way to the disk for this time after its end.
constexpr std::int64_t kWrittenSoonMs = 10'000;
constexpr std::int64_t kMaxPastMs = std::chrono::milliseconds(kMaxPastTime).count();

std::uint64_t bits_a_second(const HlsSegment& segment) {
  return segment.duration == 0
             ? 0
             : (segment.end - segment.begin) * 8 * segment.rate_hz / segment.duration;
}

// The first file of a source may exist before the last segments of the previous one.  An EVENT list
// only grows (RFC 8216, 6.2.1), so segments after such a hole wait.
void hold_back(std::vector<HlsSegment>& segments, std::int64_t now_ms) {
  const auto hole = std::adjacent_find(
      segments.begin(), segments.end(), [now_ms](const HlsSegment& one, const HlsSegment& next) {
        const auto length = static_cast<std::int64_t>(one.duration * 1000 / one.rate_hz);
        return !hls_follows(one, next) && one.wall_ms + length > now_ms - kWrittenSoonMs;
      });
  if (hole != segments.end()) segments.erase(hole + 1, segments.end());
}

}  // namespace

PastAskRange past_range(const HlsPath& path, std::int64_t now_ms, std::size_t length,
                        std::uint32_t cut_ms) {
  const auto ms = [](std::uint64_t seconds) { return static_cast<std::int64_t>(seconds) * 1000; };
  const std::int64_t list_ms = static_cast<std::int64_t>(length + 1) * cut_ms;
  PastAskRange out;
  switch (path.kind) {
    case HlsPath::Kind::kLive:
    case HlsPath::Kind::kSegment:
    case HlsPath::Kind::kShiftedTo:
      break;
    case HlsPath::Kind::kArchive:
      out.kind = HlsListKind::kWhole;
      out.from_ms = ms(path.from);
      out.to_ms = out.from_ms + ms(path.seconds);
      break;
    case HlsPath::Kind::kEvent:
      out.kind = HlsListKind::kEvent;
      out.from_ms = ms(path.from);
      out.to_ms = now_ms + kLeadMs;
      break;
    case HlsPath::Kind::kRewind:
      out.from_ms = now_ms - ms(path.seconds);
      out.to_ms = now_ms + kLeadMs;
      break;
    case HlsPath::Kind::kShifted:
      // The newest segments have ended by then, as in a live list.
      out.to_ms = now_ms - ms(path.seconds) - cut_ms;
      out.from_ms = out.to_ms - list_ms;
      out.most = length;
      break;
  }
  return out;
}

PastAskRange range_before(std::span<const HlsSegment> held, std::int64_t now_ms,
                          std::size_t length) {
  const HlsSegment& first = held.front();
  PastAskRange out;
  out.from_ms = first.wall_ms - kLeadMs - static_cast<std::int64_t>((length + 1) * first.cut_ms);
  out.to_ms = std::max(now_ms, first.wall_ms) + kLeadMs;
  out.last = held.back().sequence;
  out.most = length + held.size();
  out.fewest = 1;
  return out;
}

PastAskRange bounded(PastAskRange range) {
  const std::int64_t longest =
      std::min(static_cast<std::int64_t>(range.most) * kLongestSegmentMs, kMaxPastMs);
  if (range.kind == HlsListKind::kSliding) {
    range.from_ms = std::max(range.from_ms, range.to_ms - longest);
  } else {
    // By then the whole range is recorded.
    range.ended = range.to_ms > range.from_ms + longest + kMarginMs;
    range.to_ms = std::min(range.to_ms, range.from_ms + longest);
  }
  return range;
}

std::pair<std::size_t, std::size_t> files_of_range(const RecordedFiles& files, std::int64_t from_ms,
                                                   std::int64_t to_ms) {
  const std::size_t first = files.find(from_ms - kMarginMs);
  std::size_t end = first;
  while (end < files.size() && files[end].from_ms < to_ms + kMarginMs) ++end;
  return {first, end};
}

PastList make_past_list(const PastCut& cut, const PastAskRange& range) {
  PastList out;
  const bool sliding = range.kind == HlsListKind::kSliding;
  out.segments =
      cut.segments(range.from_ms, range.to_ms, sliding ? ~std::size_t{0} : range.most, sliding);
  if (sliding) {
    std::erase_if(out.segments, [&](const HlsSegment& one) { return one.sequence > range.last; });
    out.segments = newest_without_gap(std::move(out.segments), range.most, range.fewest);
  }
  const bool event = range.kind == HlsListKind::kEvent;
  if (event && !range.ended) hold_back(out.segments, range.to_ms - kLeadMs);
  const bool ended = event && (range.ended || out.segments.size() == range.most);
  if (!out.segments.empty()) out.text = playlist_text(out.segments, range.kind, ended);
  for (const HlsSegment& segment : out.segments)
    out.bandwidth = std::max(out.bandwidth, bits_a_second(segment));
  return out;
}

void describe_past_list(PastList& list, const PastPart& front) {
  list.content_type = front.file->index.head.content_type;
  const bool here =
      front.file->has(front.begin, std::min(PastCut::kFirstBytes, front.file->end() - front.begin));
  list.codecs =
      hls_codecs(here ? front.file->view->bytes_at(front.begin) : ByteSpan{}, list.content_type);
}

std::optional<std::uint64_t> first_number(const ArchiveFile& file) {
  const StreamSpan& span = file.index.head.span;
  if (!is_hls_cut(span)) return std::nullopt;
  return span.segments.first + span.media.milliseconds() / span.segments.cut_ms;
}

std::optional<PastSegment> find_past_segment(const PastCut& cut, std::uint32_t stream,
                                             std::uint64_t sequence) {
  const auto segment = cut.find(stream, sequence);
  if (!segment) return std::nullopt;
  PastSegment out;
  out.segment = *segment;
  out.parts = cut.parts(*segment);
  if (out.parts.empty()) return std::nullopt;
  out.title = out.parts.front().file->view->metadata_at(out.parts.front().begin);
  return out;
}

}  // namespace lb
