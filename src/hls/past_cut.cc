#include "hls/past_cut.h"

#include <algorithm>
#include <utility>

#include "archive/files/archive_name.h"
#include "media/mpeg_header.h"

namespace lb {
namespace {

// Encoders send at most this far ahead.
constexpr std::int64_t kLongestLeadMs = 60'000;

bool same_numbers(const StreamSpan& a, const StreamSpan& b) {
  return a.id == b.id && a.media.rate_hz == b.media.rate_hz &&
         a.segments.generation == b.segments.generation && a.segments.first == b.segments.first &&
         a.segments.cut_ms == b.segments.cut_ms;
}

}  // namespace

std::uint64_t PastCut::Run::cell_of(const Mark& mark) const noexcept {
  return hls_cell(span, mark.samples);
}

bool PastCut::goes_on(const Run& run, const ArchiveFile& file) const {
  // Where the clock was set back, earlier bytes may lie behind later ones.
  return same_numbers(run.span, file.index.head.span) &&
         file.index.head.origin() >= run.files.front()->index.head.origin() &&
         file.index.head.origin() <= run.origin_end();
}

bool PastCut::reads(const ArchiveFile& file) const {
  return is_hls_cut(file.index.head.span) && !file.index.marks.empty() &&
         (runs_.empty() || !goes_on(runs_.back(), file));
}

void PastCut::add(std::shared_ptr<const ArchiveFile> file) {
  const StreamSpan& span = file->index.head.span;
  if (!is_hls_cut(span) || file->index.marks.empty()) return;
  if (reads(*file)) {
    Run run;
    run.span = span;
    const MpegUnit unit = mpeg_frame_at(file->view->bytes_at(0));
    if (unit.what != MpegUnit::What::kFrame) return;
    run.adts = unit.kind.layer == 0;
    runs_.push_back(std::move(run));
  }
  Run& run = runs_.back();
  const std::uint64_t origin = file->index.head.origin();
  if (!run.marks.empty() && origin + file->end() <= run.origin_end()) return;
  for (const FileMark& mark : file->index.marks)
    if (run.marks.empty() || origin + mark.offset > run.marks.back().origin)
      run.marks.push_back({origin + mark.offset, mark.samples, mark.wall_ms});
  run.files.push_back(std::move(file));
}

bool PastCut::ends_whole(std::size_t index) const {
  if (index + 1 == runs_.size()) return false;
  const Run &run = runs_[index], &next = runs_[index + 1];
  const Mark& last = run.marks.back();
  const std::uint64_t cells = run.cell_of(last) + 1;
  return next.span.segments.first == run.span.segments.first + cells &&
         next.span.segments.generation == run.span.segments.generation + 1;
}

// take(segment): false ends the loop.
template <class Take>
void PastCut::each_of(std::size_t index, Take take) const {
  const Run& run = runs_[index];
  const auto& marks = run.marks;
  std::size_t at = 0;
  const auto cell_ends = [&](std::size_t from) {
    std::size_t next = from + 1;
    while (next < marks.size() && run.cell_of(marks[next]) == run.cell_of(marks[from])) ++next;
    return next;
  };
  // The run may begin inside a segment, which is left out.
  if (marks.front().samples > 0) at = cell_ends(0);
  while (at + 1 < marks.size()) {
    std::size_t next = cell_ends(at);
    if (next == marks.size()) {
      if (!ends_whole(index)) return;
      --next;
    }
    HlsSegment out;
    out.sequence = run.span.segments.first + run.cell_of(marks[at]);
    out.generation = run.span.segments.generation;
    out.stream = short_id(run.span.id);
    out.begin = marks[at].origin;
    out.end = marks[next].origin;
    out.samples = marks[at].samples;
    out.duration = marks[next].samples - marks[at].samples;
    out.rate_hz = run.span.media.rate_hz;
    out.cut_ms = run.span.segments.cut_ms;
    out.wall_ms = marks[at].wall_ms;
    out.epoch_ms = run.span.segments.epoch_ms;
    out.adts = run.adts;
    if (out.end > out.begin && out.duration > 0 && !take(out)) return;
    at = next;
  }
}

std::vector<HlsSegment> PastCut::segments(std::int64_t from_ms, std::int64_t to_ms,
                                          std::size_t most, bool in_order) const {
  std::vector<HlsSegment> found;
  bool more_to_come = false;
  for (std::size_t i = 0; i < runs_.size() && found.size() < most && !more_to_come; ++i)
    each_of(i, [&](const HlsSegment& one) {
      const auto length = static_cast<std::int64_t>(one.duration * 1000 / one.rate_hz);
      if (one.wall_ms + length > from_ms && one.wall_ms < to_ms) found.push_back(one);
      more_to_come = in_order && one.wall_ms >= to_ms && one.wall_ms < to_ms + kLongestLeadMs;
      return found.size() < most && one.wall_ms < to_ms;
    });
  return found;
}

std::optional<HlsSegment> PastCut::find(std::uint32_t stream, std::uint64_t sequence) const {
  std::optional<HlsSegment> found;
  for (std::size_t i = runs_.size(); i-- > 0 && !found;)
    each_of(i, [&](const HlsSegment& one) {
      if (one.stream == stream && one.sequence == sequence) found = one;
      return !found && one.sequence < sequence;
    });
  return found;
}

std::vector<PastPart> PastCut::parts(const HlsSegment& segment) const {
  std::vector<PastPart> out;
  std::uint64_t there = segment.begin;
  for (const Run& run : runs_) {
    if (short_id(run.span.id) != segment.stream) continue;
    for (const auto& file : run.files) {
      const std::uint64_t origin = file->index.head.origin();
      const std::uint64_t from = std::max(there, origin);
      const std::uint64_t to = std::min(segment.end, origin + file->end());
      if (from >= to) continue;
      out.push_back({file, from - origin, to - origin});
      there = to;
    }
  }
  return out;
}

bool hls_reaches(std::span<const HlsSegment> listed, const HlsSegment& segment) noexcept {
  return std::any_of(listed.rbegin(), listed.rend(), [&](const HlsSegment& one) {
    return hls_follows(one, segment) ||
           (one.sequence == segment.sequence && one.generation == segment.generation);
  });
}

void put_in_front(std::span<const HlsSegment> listed, std::size_t length,
                  std::vector<HlsSegment>& segments) {
  std::vector<HlsSegment> front;  // the newest first
  for (auto at = listed.rbegin(); at != listed.rend(); ++at) {
    const HlsSegment& next = front.empty() ? segments.front() : front.back();
    if (front.size() + segments.size() >= length) break;
    if (at->sequence >= next.sequence) continue;
    if (!hls_follows(*at, next)) break;
    front.push_back(*at);
  }
  segments.insert(segments.begin(), front.rbegin(), front.rend());
}

std::vector<HlsSegment> newest_without_gap(std::vector<HlsSegment> segments, std::size_t most,
                                           std::size_t fewest) {
  std::size_t end = segments.size(), begin = end;
  while (begin > 0) {
    if (begin == end || hls_follows(segments[begin - 1], segments[begin])) {
      --begin;
    } else if (end - begin < fewest) {
      end = begin;
    } else {
      break;
    }
  }
  begin = std::max(begin, end - std::min(end, most));
  segments.resize(end);
  segments.erase(segments.begin(), segments.begin() + static_cast<std::ptrdiff_t>(begin));
  return segments;
}

}  // namespace lb
