#include "stream/stream_log.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace lb {
namespace {

constexpr std::size_t kSmallestSegment = 16 * 1024;
constexpr std::size_t kLargestSegment = 256 * 1024;
constexpr std::chrono::microseconds kRateWindow{1'000'000};
// Of titles within the window.  Nobody reads so many; a hostile source could fill the memory.
constexpr std::uint64_t kMostEvents = 256;

}  // namespace

Result<std::unique_ptr<StreamLog>> StreamLog::create(const std::string& name) {
  auto store = Store::memfd(name);
  if (!store) return store.error();
  return std::unique_ptr<StreamLog>(new StreamLog(std::move(*store)));
}

StreamLog::StreamLog(std::shared_ptr<Store> store)
    : store_(std::move(store)), segments_(std::make_shared<const SegmentTable>()) {}

// Over whole seconds: encoders send a lead at once when they connect, and a rate measured in that
// moment would mislead everybody for long.
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
  if (seconds_seen_ == 2) return std::min(a, b);
  return std::max(std::min(a, b), std::min(std::max(a, b), c));
}

void StreamLog::choose_segment_size(SteadyTime now) {
  if (current_ == nullptr) return;
  const std::size_t wanted =
      now - segment_since_ < kRateWindow / 4
          ? segment_bytes_ * 2  // filled in no time: a lead, or a fast stream
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
  auto table = std::make_shared<SegmentTable>(*segments_);
  table->push_back(current_);
  segments_ = std::move(table);
  return {};
}

Result<std::span<std::byte>> StreamLog::room(SteadyTime now) {
  measure_rate(now);
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
  last_event_ = std::max(last_event_, position);
  events_.push({last_event_, std::make_shared<const Bytes>(std::move(bytes)), nullptr});
}

void StreamLog::metadata(std::uint64_t position, Metadata metadata) {
  new_metadata_ = std::make_shared<const Metadata>(std::move(metadata));
  late_metadata_.reset();
  if (events_.size() >= kMostEvents) {
    late_metadata_ = new_metadata_;
    return;
  }
  last_event_ = std::max(last_event_, position);
  events_.push({last_event_, nullptr, new_metadata_});
}

void StreamLog::begin_source(std::uint64_t at) {
  if (current_ != nullptr && at < current_->begin) {
    // The unfinished unit reached into further segments; nobody was ever given a byte of them.
    auto table = std::make_shared<SegmentTable>(*segments_);
    while (!table->empty() && table->back()->begin > at) table->pop_back();
    segments_ = std::move(table);
    current_ = segments_->empty() ? nullptr : std::const_pointer_cast<Segment>(segments_->back());
  }
  // A framer marks no place beyond what is complete; should one ever, the marks start anew.
  if (!sync_.empty() && sync_.back().position > at) sync_ = {};
  rate_head_ -= std::min(rate_head_, head_ - at);
  seconds_seen_ = 0;
  head_ = at;
  seam_ = at;
}

void StreamLog::codec(const CodecFacts& facts) {
  new_codec_ = std::make_shared<const CodecFacts>(facts);
}

std::shared_ptr<const StreamView> StreamLog::publish(std::uint64_t visible_end,
                                                     const LogWindow& window,
                                                     std::uint64_t low_water, bool ended) {
  trim(visible_end, window, low_water);
  auto view = std::make_shared<StreamView>();
  view->begin = begin_;
  view->end = visible_end;
  view->store = store_;
  view->segments = segments_;
  view->sync = sync_.view();
  view->events = events_.view();
  view->base_headers = base_headers_;
  view->base_metadata = base_metadata_;
  view->seam = seam_;
  view->ended = ended;
  return view;
}

void StreamLog::trim(std::uint64_t end, const LogWindow& window, std::uint64_t low_water) {
  // Counted from the end that readers have seen, not from the new one: who looks at the old view
  // now and asks for its burst must still find it in the next.
  std::uint64_t keep_burst =
      visible_end_ - std::min<std::uint64_t>(visible_end_, window.burst_bytes);
  // A joiner of the whole burst starts at the newest mark at or before it: that one stays, or a
  // stream of long units (WebM clusters) would have no place to start at all.
  const auto marks = sync_.view();
  if (const std::uint64_t i =
          marks.last_where([&](const SyncMark& m) { return m.position <= keep_burst; });
      i != marks.end())
    keep_burst = marks[i].position;
  const std::uint64_t keep_queue = end - std::min<std::uint64_t>(end, window.queue_bytes);
  const std::uint64_t wanted = std::max(std::min(keep_burst, low_water), keep_queue);
  begin_ = std::max(begin_, wanted);

  std::size_t passed = 0;
  while (passed < segments_->size() && (*segments_)[passed]->end() <= begin_) ++passed;
  if (passed > 0) {
    for (std::size_t i = 0; i < passed; ++i) {
      const auto& segment = (*segments_)[i];
      retired_.push_back({segment, segment->begin, segment->end()});
    }
    segments_ = std::make_shared<SegmentTable>(
        segments_->begin() + static_cast<std::ptrdiff_t>(passed), segments_->end());
  }
  sync_.trim([this](const SyncMark& m) { return m.position < begin_; }, [](const SyncMark&) {});
  events_.trim([this](const StreamEvent& e) { return e.position <= begin_; },
               [this](const StreamEvent& e) {
                 if (e.headers) base_headers_ = e.headers;
                 if (e.metadata) base_metadata_ = e.metadata;
               });
  if (late_metadata_ && events_.size() < kMostEvents) {
    last_event_ = std::max(last_event_, head_);
    events_.push({last_event_, nullptr, std::exchange(late_metadata_, nullptr)});
  }
  punch_what_nobody_reads();
  visible_end_ = end;
}

void StreamLog::punch_what_nobody_reads() {
  while (!retired_.empty() && retired_.front().segment.expired()) {
    store_->punch(retired_.front().begin, retired_.front().end);
    retired_.pop_front();
  }
}

}  // namespace lb
