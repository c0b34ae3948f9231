#include "hls/past_lists.h"

#include <algorithm>
#include <utility>

#include "archive/archive_name.h"
#include "hls/master_playlist.h"

namespace lb {
namespace {

// Of a segment that lies in two files, and of one whose next source is in the next file.
constexpr std::int64_t kMarginMs = 120'000;

void add_files(const PastFiles& past, PastCut& cut, std::size_t first, std::size_t end) {
  for (std::size_t i = first; i < end; ++i)
    if (auto file = past.open(i)) cut.add(std::move(file));
}

std::uint64_t bits_a_second(const HlsSegment& segment) {
  return segment.duration == 0
             ? 0
             : (segment.end - segment.begin) * 8 * segment.rate_hz / segment.duration;
}

// The number of the first unit of a file; nullopt: it has none, or cannot be read.
std::optional<std::uint64_t> first_number(const ArchiveFile* file) {
  if (file == nullptr || !is_hls_cut(file->index.head.span)) return std::nullopt;
  const StreamSpan& span = file->index.head.span;
  return span.segments.first + span.media.milliseconds() / span.segments.cut_ms;
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
      out.to_ms = now_ms;
      break;
    case HlsPath::Kind::kRewind:
      out.from_ms = now_ms - ms(path.seconds);
      out.to_ms = now_ms;
      break;
    case HlsPath::Kind::kShifted:
      // Its segments have ended by then, as those of a live list have.
      out.to_ms = now_ms - ms(path.seconds) - cut_ms;
      out.from_ms = out.to_ms - list_ms;
      out.most = length;
      break;
  }
  return out;
}

PastList make_past_list(const PastFiles& past, const PastAskRange& range) {
  PastList out;
  const RecordedFiles& files = *past.files;
  const std::int64_t longest =
      static_cast<std::int64_t>(range.most) * 60'000;  // of a list of the longest segments
  std::int64_t from_ms = range.from_ms;
  std::int64_t to_ms = range.to_ms;
  if (range.kind == HlsListKind::kSliding)
    from_ms = std::max(from_ms, to_ms - longest);
  else
    to_ms = std::min(to_ms, from_ms + longest);
  PastCut cut;
  const std::size_t first = files.find(from_ms - kMarginMs);
  std::size_t end = first;
  while (end < files.size() && files[end].from_ms < to_ms + kMarginMs) ++end;
  add_files(past, cut, first, end);
  const bool sliding = range.kind == HlsListKind::kSliding;
  out.segments = cut.segments(from_ms, to_ms, sliding ? ~std::size_t{0} : range.most);
  if (sliding) out.segments = newest_without_gap(std::move(out.segments), range.most);
  for (const HlsSegment& segment : out.segments)
    out.bandwidth = std::max(out.bandwidth, bits_a_second(segment));
  if (out.segments.empty()) return out;
  const auto parts = cut.parts(out.segments.front());
  if (parts.empty()) return out;
  const PastPart& part = parts.front();
  out.content_type = part.file->index.head.content_type;
  out.codecs = hls_codecs(part.file->view->bytes_at(part.begin), out.content_type);
  return out;
}

// Files of one stream are in the order of its numbers.
std::optional<PastSegment> find_past_segment(const PastFiles& past, std::uint32_t stream,
                                             std::uint64_t sequence) {
  std::vector<std::size_t> of_stream;
  for (std::size_t i = 0; i < past.files->size(); ++i)
    if ((*past.files)[i].id == stream && (*past.files)[i].bytes > 0) of_stream.push_back(i);
  std::size_t low = 0, high = of_stream.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const auto number = first_number(past.open(of_stream[middle]).get());
    if (number && *number <= sequence)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == 0) return std::nullopt;
  // It begins in this file, or in the one before; the files behind them tell where it ends.
  const std::size_t from = of_stream[low > 1 ? low - 2 : 0];
  const std::size_t to = std::min(past.files->size(), of_stream[low - 1] + 3);
  PastCut cut;
  add_files(past, cut, from, to);
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
