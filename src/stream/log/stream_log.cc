#include "stream/log/stream_log.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "media/icy.h"
#include "media/mpeg_header.h"

namespace lb {
namespace {

// Generations are numbered from 2026 on, one for ten minutes.
constexpr std::int64_t kFirstGenerationMs = 1'767'225'600'000;
constexpr std::uint64_t kGenerationMs = 600'000;
constexpr std::size_t kSmallestSegment = 16 * 1024;
constexpr std::size_t kLargestSegment = 256 * 1024;
constexpr std::chrono::microseconds kRateWindow{1'000'000};
constexpr std::chrono::seconds kWallCheck{1};
constexpr std::chrono::seconds kLeadTime{3};     // an encoder has sent its lead by then
constexpr std::int64_t kLongestLeadMs = 60'000;  // a longer one means that the clock was set
constexpr std::int64_t kMaxDriftMs = 500;
constexpr unsigned kDriftLasts = 5;  // checks; a lead that shrinks is no drift

// Removes a mark at `at`, where the next unit would have begun.  With the media time of the old
// stream it would precede the first mark of the next one.  True: there was one.
bool keep_before(AppendLog<SyncMark>& marks, std::uint64_t at) {
  if (marks.empty() || marks.back().position < at) return false;
  const auto old = marks.view();
  marks = {};
  for (auto i = old.begin(); i < old.end() && old[i].position < at; ++i) marks.push(old[i]);
  return true;
}

}  // namespace

Result<std::unique_ptr<StreamLog>> StreamLog::create(const std::string& name) {
  auto store = Store::memfd(name);
  if (!store) return store.error();
  return std::unique_ptr<StreamLog>(new StreamLog(std::move(*store)));
}

StreamLog::StreamLog(std::shared_ptr<Store> store)
    : store_(std::move(store)), segments_(std::make_shared<const SegmentTable>()) {}

// The rate is measured over whole seconds, because an encoder begins with a lead, which would
// distort it for long.
void StreamLog::measure_rate(SteadyTime now) {
  if (rate_since_ == SteadyTime{}) {
    rate_since_ = now;
    return;
  }
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - rate_since_);
  if (took < kRateWindow) return;
  rate_ = (head_ - rate_head_) * 1'000'000 / static_cast<std::uint64_t>(took.count());
  rate_since_ = now;
  rate_head_ = head_;
  seconds_[seconds_seen_++ % seconds_.size()] = rate_;
}

std::uint64_t StreamLog::usual_bytes_per_second() const noexcept {
  const auto [a, b, c] = seconds_;
  if (seconds_seen_ < 2) return 0;
  // An Ogg stream's headers may be all of its first second.
  if (seconds_seen_ == 2) return a < b / 8 ? b : std::min(a, b);
  return std::max(std::min(a, b), std::min(std::max(a, b), c));
}

void StreamLog::choose_segment_size(SteadyTime now) {
  if (current_ == nullptr) return;
  const std::size_t wanted =
      now - segment_since_ < kRateWindow / 4
          ? segment_bytes_ * 2  // a lead, or a fast stream
          : static_cast<std::size_t>(std::min<std::uint64_t>(rate_ * 2, kLargestSegment));
  const std::size_t page = Store::page_bytes();
  segment_bytes_ = (std::clamp(wanted, kSmallestSegment, kLargestSegment) + page - 1) / page * page;
}

Result<void> StreamLog::next_segment(SteadyTime now) {
  choose_segment_size(now);
  auto segment = store_->extend(head_, segment_bytes_);
  if (!segment) return segment.error();
  current_ = std::move(*segment);
  segment_since_ = now;
  auto table = std::make_shared<SegmentTable>();
  table->reserve(segments_->size() + 1);
  table->assign(segments_->begin(), segments_->end());
  table->push_back(current_);
  segments_ = std::move(table);
  return {};
}

Result<std::span<std::byte>> StreamLog::room(SteadyTime now) {
  measure_rate(now);
  room_at_ = now;
  if (begun_at_ == SteadyTime{}) begun_at_ = now;
  if (current_ == nullptr || head_ == current_->end()) {
    if (auto made = next_segment(now); !made) return made.error();
  }
  return std::span<std::byte>(current_->data + (head_ - current_->begin),
                              static_cast<std::size_t>(current_->end() - head_));
}

Result<void> StreamLog::append(std::span<const std::byte> bytes, SteadyTime now) {
  while (!bytes.empty()) {
    auto space = room(now);
    if (!space) return space.error();
    const std::size_t n = std::min(space->size(), bytes.size());
    std::memcpy(space->data(), bytes.data(), n);
    commit(n);
    bytes = bytes.subspan(n);
  }
  return {};
}

void StreamLog::headers(std::uint64_t position, Bytes bytes) {
  late_headers_.reset();
  if (events_.size() >= kMaxEvents) {
    late_headers_ = std::make_shared<const Bytes>(std::move(bytes));
    return;
  }
  last_event_ = std::max(last_event_, position);
  events_.push({last_event_, std::make_shared<const Bytes>(std::move(bytes)), nullptr});
}

// A title between or within units belongs to the next unit.
TitlePlace StreamLog::place_of_title(std::uint64_t position) const {
  if (spans_.empty()) return {};
  const StreamSpan& span = spans_.back();
  TitlePlace place;
  if (span.has_address()) place.at = {span.id, span.origin_of(std::max(position, span.begin))};
  if (span.anchored) place.wall_ms = span.wall_of(newest_samples_);
  return place;
}

void StreamLog::metadata(std::uint64_t position, Metadata metadata) {
  placed_metadata(position, std::move(metadata), place_of_title(position));
}

void StreamLog::placed_metadata(std::uint64_t position, Metadata metadata,
                                const TitlePlace& place) {
  title_place_ = place;
  metadata.placed_block =
      place.at ? with_icy_place(metadata.icy_block, print_title_place(place)) : std::string();
  new_metadata_ = std::make_shared<const Metadata>(std::move(metadata));
  late_metadata_.reset();
  last_event_ = std::max(last_event_, position);
  if (events_.size() >= kMaxEvents) {
    late_metadata_ = new_metadata_;
    late_at_ = last_event_;
    return;
  }
  events_.push({last_event_, nullptr, new_metadata_});
}

// Begins a span with the new wall clock at a second-mark.
void StreamLog::begin_epoch(std::uint64_t position, UnitTime time) {
  if (!new_epoch_ms_ || !time.second || position <= spans_.back().begin) return;
  StreamSpan span = spans_.back();
  const auto after = span.anchored ? std::optional(span.wall_of(time.samples)) : std::nullopt;
  span.origin = span.origin_of(position);
  span.begin = position;
  span.media.samples = time.samples;
  span.wall_ms = *new_epoch_ms_ + static_cast<std::int64_t>(span.media.milliseconds());
  // epoch_ms only affects timestamps.  If the clock was set since the source began, the old value
  // stays, so that servers that lose this one keep playing the same segments.
  if (!span.anchored && std::abs(*new_epoch_ms_ - span.segments.epoch_ms) <= kLongestLeadMs)
    span.segments.epoch_ms = *new_epoch_ms_;
  span.anchored = true;
  span.seam = false;
  begin_span(span, time.samples, after);
  new_epoch_ms_.reset();
}

// Begins a span that gives the same bytes another address, once its position is reached.
void StreamLog::begin_address(std::uint64_t position, UnitTime time) {
  if (!next_address_ || position < next_address_->begin) return;
  StreamSpan span = *std::exchange(next_address_, std::nullopt);
  span.wall_ms = span.wall_of(time.samples);
  span.media.samples = time.samples;
  span.origin = span.origin_of(position);
  last_time_ = time;
  new_span(position, span);
}

void StreamLog::inner(std::uint64_t position, UnitTime time) {
  begin_address(position, time);
  begin_epoch(position, time);
  inner_samples_ = time.samples;
  inner_.push({position, time, false});
}

void StreamLog::sync(std::uint64_t position, UnitTime time) {
  begin_address(position, time);
  begin_epoch(position, time);
  if (time.second) note_second(position, time);
  last_time_ = time;
  newest_samples_ = time.samples;
  sync_.push({position, time, false});
}

// The sum continues over sources and changes of rate, at which media time restarts.
void StreamLog::note_second(std::uint64_t position, UnitTime time) {
  if (spans_.empty()) return;
  const unsigned rate = spans_.back().media.rate_hz;
  std::int64_t passed = 0;
  if (!seconds_kept_.empty()) {
    const MediaTime now{time.samples, rate}, before{last_time_.samples, rate};
    const auto since = static_cast<std::int64_t>(now.milliseconds() / 1000 * 1000) -
                       static_cast<std::int64_t>(before.milliseconds() / 1000 * 1000);
    passed = seconds_kept_.back().ms + std::clamp<std::int64_t>(since, 0, 10'000);
  }
  seconds_kept_.push_back({position, passed});
}

void StreamLog::clock(std::uint64_t position, unsigned rate_hz) {
  if (spans_.empty()) return;  // a fallback file, which has no address
  StreamSpan span = spans_.back();
  const bool first = span.media.rate_hz == 0;
  if (!first) {
    const MediaTime last{last_time_.samples, span.media.rate_hz};
    span.segments.first += last.milliseconds() / span.segments.cut_ms + 1;
    span.segments.generation += 1;
    span.wall_ms = span.wall_of(last.samples);
    span.segments.epoch_ms = span.wall_ms;
    span.seam = true;
  }
  span.origin = span.origin_of(std::max(position, span.begin));
  span.begin = std::max(position, span.begin);
  span.media = {0, rate_hz};
  new_epoch_ms_.reset();
  last_time_ = {};
  inner_samples_ = newest_samples_ = 0;
  // The wall time continues.
  const bool jumps_not = !first && span.anchored;
  begin_span(span, 0, jumps_not ? std::optional(span.wall_ms) : std::nullopt);
}

void StreamLog::begin_span(StreamSpan span, std::uint64_t samples,
                           std::optional<std::int64_t> after) {
  earliest_epoch_ms_ = kNoEpoch;
  wall_seams_.span_begins(spans_.empty() ? nullptr : &spans_.back(), span, samples, after);
  spans_.push(span);
}

std::optional<std::int64_t> StreamLog::wall_of_end(std::uint64_t end) const {
  if (spans_.empty() || !spans_.back().anchored) return std::nullopt;
  const StreamSpan& span = spans_.back();
  const auto marks = sync_.view();
  const auto of_span = [&](std::uint64_t back) {
    return marks.end() - marks.begin() >= back && marks[marks.end() - back].position >= span.begin;
  };
  if (!of_span(1)) return span.wall_ms;
  const std::uint64_t last = marks[marks.end() - 1].time.samples;
  if (marks[marks.end() - 1].time.before > 0) return span.wall_of(last);
  const std::uint64_t before = of_span(2) ? marks[marks.end() - 2].time.samples : last;
  // MPEG frames are not all marked, so the frames after the last mark are counted.
  const std::uint64_t from = marks[marks.end() - 1].position;
  if (end > from && end - from <= kLongestTail) {
    const Bytes tail = bytes_before_head(static_cast<std::size_t>(head_ - from));
    const auto samples = mpeg_samples(ByteSpan(tail).first(static_cast<std::size_t>(end - from)));
    if (samples > 0) return span.wall_of(last + samples);
  }
  // The last unit is assumed to be as long as the one before it.
  return span.wall_of(last + (last - std::min(before, last)));
}

void StreamLog::change_address(StreamSpan span) {
  span.begin = head_;
  span.seam = false;
  new_epoch_ms_.reset();
  next_address_ = span;
}

void StreamLog::new_span(std::uint64_t position, StreamSpan span) {
  span.begin = position;
  begin_span(span, span.media.samples, wall_of_end(position));
}

Bytes StreamLog::bytes_before_head(std::size_t bytes) const {
  const std::uint64_t from = std::max(begin_, head_ - std::min<std::uint64_t>(head_, bytes));
  Bytes out;
  for (const auto& segment : *segments_) {
    const std::uint64_t begin = std::max(from, segment->begin);
    const std::uint64_t end = std::min(head_, segment->end());
    if (begin >= end) continue;
    const std::byte* data = segment->data + (begin - segment->begin);
    out.insert(out.end(), data, data + (end - begin));
  }
  return out;
}

SegmentNumbers StreamLog::next_numbers(
    std::int64_t wall_ms, std::uint32_t cut_ms,
    const std::optional<SegmentNumbers>& recorded) const noexcept {
  SegmentNumbers numbers;
  numbers.cut_ms = cut_ms;
  numbers.epoch_ms = wall_ms;
  if (spans_.empty() && recorded) {
    numbers.first = recorded->first;
    numbers.generation = recorded->generation;
    return numbers;
  }
  if (spans_.empty()) {
    // Higher than any number of an earlier process, unless sources change more often than segments.
    numbers.first = static_cast<std::uint64_t>(std::max<std::int64_t>(0, wall_ms)) * 2 / cut_ms;
    // hls.js blocks for minutes on large generations, because it walks through a table.  Two
    // sources may share one, because timestamps follow the wall clock.
    numbers.generation =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, wall_ms - kFirstGenerationMs)) /
        kGenerationMs;
    return numbers;
  }
  const StreamSpan& last = spans_.back();
  if (last.media.rate_hz == 0) {  // no unit has come, so its numbers are free
    numbers.first = last.segments.first;
    numbers.generation = last.segments.generation;
    return numbers;
  }
  const MediaTime passed{last_time_.samples, last.media.rate_hz};
  numbers.first = last.segments.first + passed.milliseconds() / last.segments.cut_ms + 1;
  numbers.generation = last.segments.generation + 1;
  return numbers;
}

void StreamLog::keep_wall(SteadyTime now, std::int64_t wall_ms) {
  if (spans_.empty() || new_epoch_ms_) return;
  if (source_since_ == SteadyTime{}) {
    source_since_ = wall_checked_ = now;
    return;  // the encoder's lead has only begun
  }
  const StreamSpan& span = spans_.back();
  if (span.media.rate_hz == 0) return;
  const auto media_ms =
      static_cast<std::int64_t>(MediaTime{newest_samples_, span.media.rate_hz}.milliseconds());
  // The media clock stands within a unit, and a page of Ogg lasts up to a second: the earliest
  // epoch is that of a moment at which a unit ended.
  earliest_epoch_ms_ = std::min(earliest_epoch_ms_, wall_ms - media_ms);
  if (now - wall_checked_ < kWallCheck) return;
  wall_checked_ = now;
  if (!span.anchored && now - source_since_ < kLeadTime) return;
  const std::int64_t epoch_ms = std::exchange(earliest_epoch_ms_, kNoEpoch);
  if (!span.anchored) {
    new_epoch_ms_ = epoch_ms;
    return;
  }
  const std::int64_t off = std::abs(epoch_ms + media_ms - span.wall_of(newest_samples_));
  seconds_off_ = off > kMaxDriftMs ? seconds_off_ + 1 : 0;
  if (seconds_off_ < kDriftLasts) return;
  seconds_off_ = 0;
  new_epoch_ms_ = epoch_ms;
}

void StreamLog::resume_source(const StreamSpan& span) {
  next_address_.reset();
  const StreamSpan& now = spans_.back();
  if (now.wall_of(last_time_.samples) == span.wall_of(last_time_.samples) &&
      now.anchored == span.anchored)
    return;
  StreamSpan next = now;
  next.origin = now.origin_of(head_);
  next.begin = head_;
  next.wall_ms = span.wall_of(next.media.samples);
  next.anchored = span.anchored;
  next.segments = span.segments;
  next.seam = false;
  begin_span(next, last_time_.samples,
             now.anchored ? std::optional(now.wall_of(last_time_.samples)) : std::nullopt);
}

// Of the newest mark before `at` by the present media clock.
UnitTime StreamLog::time_before(std::uint64_t at) const {
  const auto spans = spans_.view();
  if (spans.empty()) return {};
  // A new wall clock may begin with the unit at `at`.
  std::uint64_t i = spans.end() - 1;
  while (i > spans.begin() && spans[i].begin == at && !spans[i].seam &&
         spans[i].id == spans[i - 1].id)
    --i;
  const bool has_mark = !sync_.empty() && sync_.back().position >= spans[i].begin;
  return has_mark ? sync_.back().time : UnitTime{spans[i].media.samples, false};
}

void StreamLog::cut(std::uint64_t at) {
  if (current_ != nullptr && at < current_->begin) {
    // The dropped incomplete unit reached into later segments, which no reader has seen.
    auto table = std::make_shared<SegmentTable>(*segments_);
    while (!table->empty() && table->back()->begin > at) table->pop_back();
    segments_ = std::move(table);
    current_ = segments_->empty() ? nullptr : std::const_pointer_cast<Segment>(segments_->back());
  }
  const bool unit_dropped = keep_before(sync_, at);
  keep_before(inner_, at);
  rate_head_ -= std::min(rate_head_, head_ - at);
  if (!spans_.empty() && spans_.back().begin > at) {
    // Drops spans that began behind the published bytes.
    const auto old = spans_.view();
    spans_ = {};
    for (auto i = old.begin(); i < old.end() && old[i].begin <= at; ++i) spans_.push(old[i]);
  }
  // The dropped unit may have been the first of its segment, whose number is free again.
  if (unit_dropped) last_time_ = time_before(at);
  head_ = at;
}

void StreamLog::begin_source(std::uint64_t at, StreamSpan span) {
  cut(at);
  const auto after = wall_of_end(at);
  begun_at_ = {};
  seconds_seen_ = 0;
  seam_ = at;
  span.begin = at;
  span.seam = true;
  last_time_ = {span.media.samples, false};
  newest_samples_ = span.media.samples;
  next_address_.reset();
  inner_samples_ = 0;
  new_epoch_ms_.reset();
  source_since_ = {};
  seconds_off_ = 0;
  begin_span(span, span.media.samples, after);
}

void StreamLog::codec(const CodecFacts& facts) {
  new_codec_ = std::make_shared<const CodecFacts>(facts);
}

std::shared_ptr<const StreamView> StreamLog::publish(std::uint64_t visible_end,
                                                     const LogWindow& window,
                                                     std::uint64_t low_water, bool ended) {
  trim(visible_end, window, low_water);
  return view_to(visible_end, ended);
}

std::shared_ptr<const StreamView> StreamLog::view_to(std::uint64_t end, bool ended) const {
  auto view = std::make_shared<StreamView>();
  view->begin = begin_;
  view->end = end;
  view->store = store_;
  view->segments = segments_;
  if (begin_ < end) view->pin = pin_;
  view->sync = sync_.view();
  view->inner = inner_.view();
  view->events = events_.view();
  view->spans = spans_.view();
  view->base_headers = base_headers_;
  view->base_metadata = base_metadata_;
  view->late_metadata = late_metadata_;
  view->late_at = late_at_;
  view->wall_seams = wall_seams_.view();
  view->seam = seam_;
  view->catch_up = catch_up_.forgiven();
  view->ended = ended;
  return view;
}

}  // namespace lb
