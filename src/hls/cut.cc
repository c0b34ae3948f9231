#include "hls/cut.h"

#include <algorithm>

#include "media/mpeg_header.h"

namespace lb {
namespace {

constexpr std::uint64_t kMaxSpans = 256;
// Bounds of an upstream's value: marks are certain only at whole seconds.
constexpr std::uint32_t kShortestCut = 1000, kLongestCut = 60'000;
// After a gap in the numbers, segments are listed only when there are as many and as long as this.
constexpr std::size_t kFewestBehindGap = 2;
constexpr std::uint32_t kHeldBackMs = 8000;

bool same_epoch(const StreamSpan& a, const StreamSpan& b) {
  return a.id == b.id && a.segments.generation == b.segments.generation &&
         a.segments.first == b.segments.first;
}

}  // namespace

bool is_hls_cut(const StreamSpan& span) noexcept {
  const std::uint32_t cut = span.segments.cut_ms;
  return span.media.rate_hz > 0 && cut >= kShortestCut && cut <= kLongestCut && cut % 1000 == 0;
}

std::uint64_t hls_cell(const StreamSpan& span, std::uint64_t samples) noexcept {
  return MediaTime{samples, span.media.rate_hz}.milliseconds() / span.segments.cut_ms;
}

bool hls_follows(const HlsSegment& before, const HlsSegment& next) noexcept {
  return before.sequence + 1 == next.sequence && before.generation <= next.generation &&
         before.generation + 1 >= next.generation;
}

std::uint64_t hls_timestamp(const HlsSegment& segment) noexcept {
  constexpr std::uint64_t kBits33 = (std::uint64_t{1} << 33) - 1;
  const auto epoch = static_cast<std::uint64_t>(std::max<std::int64_t>(0, segment.epoch_ms));
  return (90 * epoch + segment.samples * 90'000 / segment.rate_hz) & kBits33;
}

HlsCut::HlsCut(const StreamView& view) : view_(view) {
  const auto& spans = view.spans;
  std::uint64_t i = spans.end() - std::min(spans.end() - spans.begin(), kMaxSpans);
  while (i < spans.end()) {
    std::uint64_t last = i;
    while (last + 1 < spans.end() && !spans[last + 1].seam &&
           same_epoch(spans[i], spans[last + 1]) && is_hls_cut(spans[last + 1]))
      ++last;
    const auto next = last + 1 < spans.end() ? std::optional(last + 1) : std::nullopt;
    if (is_hls_cut(spans[i])) add_run(i, last, next);
    i = last + 1;
  }
}

std::uint64_t HlsCut::cell_of(const Run& run, std::uint64_t mark) const {
  return hls_cell(view_.spans[run.first_span], view_.sync[mark].time.samples);
}

void HlsCut::add_run(std::uint64_t first_span, std::uint64_t last_span,
                     std::optional<std::uint64_t> next_span) {
  const auto& spans = view_.spans;
  const auto& marks = view_.sync;
  Run run;
  run.first_span = first_span;
  run.last_span = last_span;
  run.generation = spans[first_span].segments.generation;
  if (next_span) run.end = spans[*next_span].begin;
  // After a hole the same epoch continues, but the end of its last segment is unknown here.
  const bool hole = next_span && same_epoch(spans[first_span], spans[*next_span]);
  run.settled = spans[last_span].anchored || (next_span && !hole);

  const std::uint64_t from = std::max(spans[first_span].begin, view_.begin);
  const std::uint64_t to = run.end.value_or(view_.end + 1);
  const auto index_of = [&marks](std::uint64_t position) {
    const auto before =
        marks.last_where([position](const SyncMark& m) { return m.position < position; });
    return before == marks.end() ? marks.begin() : before + 1;
  };
  run.first_mark = index_of(from);
  run.marks_end = index_of(to);
  // The mark of a unit that its source did not finish lies where the next source began.
  while (run.first_mark + 1 < run.marks_end) {
    const SyncMark &one = marks[run.first_mark], &next = marks[run.first_mark + 1];
    if (one.position != next.position && one.time.samples <= next.time.samples) break;
    ++run.first_mark;
  }
  if (run.first_mark >= run.marks_end) return;
  run.first_cell = cell_of(run, run.first_mark);
  if (marks[run.first_mark].time.samples > 0) ++run.first_cell;
  run.cells_end = cell_of(run, run.marks_end - 1) + (run.end && !hole ? 1 : 0);
  if (run.first_cell < run.cells_end) runs_.push_back(run);
}

std::uint64_t HlsCut::first_mark_of(const Run& run, std::uint64_t cell) const {
  std::uint64_t low = run.first_mark, high = run.marks_end;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (cell_of(run, middle) < cell)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

std::int64_t HlsCut::wall_of(const Run& run, const SyncMark& mark) const {
  const auto& spans = view_.spans;
  std::uint64_t i = run.first_span;
  while (i < run.last_span && spans[i + 1].begin <= mark.position) ++i;
  const std::uint64_t held = i;
  while (i < run.last_span && !spans[i].anchored) ++i;
  return spans[spans[i].anchored ? i : held].wall_of(mark.time.samples);
}

// The samples of the units in these bytes.
std::uint64_t HlsCut::samples_between(std::uint64_t from, std::uint64_t to) const {
  const Bytes tail = view_.bytes_between(from, std::min(to, from + kLongestTail));
  std::uint64_t samples = 0;
  for (ByteSpan left(tail); !left.empty();) {
    const MpegUnit unit = mpeg_unit_at(left);
    if (unit.what == MpegUnit::What::kNeedsMore) break;
    if (unit.what == MpegUnit::What::kFrame) samples += unit.samples;
    const bool whole = unit.what != MpegUnit::What::kNothing && unit.size > 0;
    left = left.subspan(std::min(left.size(), whole ? unit.size : 1));
  }
  return samples;
}

std::optional<HlsSegment> HlsCut::segment(const Run& run, std::uint64_t cell) const {
  const auto& marks = view_.sync;
  const std::uint64_t at = first_mark_of(run, cell);
  if (at == run.marks_end || cell_of(run, at) != cell) return std::nullopt;
  const SyncMark& mark = marks[at];
  const StreamSpan& span = view_.spans[run.last_span];
  HlsSegment out;
  out.sequence = span.segments.first + cell;
  out.generation = span.segments.generation;
  out.stream = static_cast<std::uint32_t>(span.id[0] >> 32);
  out.begin = mark.position;
  out.samples = mark.time.samples;
  out.rate_hz = span.media.rate_hz;
  out.cut_ms = span.segments.cut_ms;
  out.wall_ms = wall_of(run, mark);
  out.epoch_ms = span.segments.epoch_ms;
  if (const std::uint64_t next = first_mark_of(run, cell + 1); next < run.marks_end) {
    out.end = marks[next].position;
    out.duration = marks[next].time.samples - mark.time.samples;
  } else {
    const SyncMark& last = marks[run.marks_end - 1];
    out.end = *run.end;
    out.duration = last.time.samples - mark.time.samples + samples_between(last.position, out.end);
  }
  const MpegUnit unit = mpeg_frame_at(view_.bytes_between(out.begin, out.begin + kMpegFrameHead));
  out.adts = unit.what == MpegUnit::What::kFrame && unit.kind.layer == 0;
  if (out.end <= out.begin || out.duration == 0) return std::nullopt;
  return out;
}

// If the numbers of a source have a gap because the server that it enters at has restarted, its
// first segments wait until players have had time to request the last ones.
std::vector<HlsSegment> HlsCut::newest(std::size_t most) const {
  std::size_t before = 0;
  std::vector<HlsSegment> found = newest_of(runs_.size(), most, before);
  if (before == 0 || found.empty()) return found;
  const std::size_t enough =
      std::max<std::size_t>(kFewestBehindGap, (kHeldBackMs - 1) / found.back().cut_ms + 1);
  if (found.size() >= std::min(enough, most) ||
      runs_[before - 1].generation == found.front().generation)
    return found;
  std::vector<HlsSegment> last = newest_of(before, most, before);
  return last.empty() ? found : last;
}

// The newest segments of the first `runs` runs; before: the number of runs before the gap that ends
// the list.
std::vector<HlsSegment> HlsCut::newest_of(std::size_t runs, std::size_t most,
                                          std::size_t& before) const {
  std::vector<HlsSegment> found;
  before = 0;
  bool gap = false;
  for (std::size_t i = runs; i-- > 0 && !gap;) {
    const Run& run = runs_[i];
    if (!run.settled) continue;
    for (std::uint64_t cell = run.cells_end; cell-- > run.first_cell && found.size() < most;) {
      const auto one = segment(run, cell);
      gap = !one || (!found.empty() && !hls_follows(*one, found.back()));
      if (gap && one && cell + 1 == run.cells_end) before = i + 1;
      if (gap) break;
      found.push_back(*one);
    }
    if (found.size() >= most) break;
  }
  std::reverse(found.begin(), found.end());
  return found;
}

std::optional<HlsSegment> HlsCut::find(std::uint32_t stream, std::uint64_t sequence) const {
  for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) {
    const StreamSpan& span = view_.spans[run->last_span];
    if (static_cast<std::uint32_t>(span.id[0] >> 32) != stream) continue;
    if (sequence < span.segments.first) continue;
    const std::uint64_t cell = sequence - span.segments.first;
    if (cell >= run->first_cell && cell < run->cells_end) return segment(*run, cell);
  }
  return std::nullopt;
}

}  // namespace lb
