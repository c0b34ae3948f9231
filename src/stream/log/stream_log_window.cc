// The window of a log: what is kept for readers, and the memory that is freed before it.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "stream/log/stream_log.h"

namespace lb {
namespace {

constexpr std::size_t kPunchesASegment = 8;
// Limits a window of media time; formats with media time send less.
constexpr std::uint64_t kMaxMediaRate = 64 * 1024;  // bytes a second
// A window has fewer spans, seconds, marks and headers by far, unless each few bytes of a hostile
// stream have one.  Then the window is shorter, so that its memory is bounded, and its record at an
// upgrade, which is refused if a record is too large.
constexpr std::uint64_t kMaxSpans = 4096, kMaxMarks = 32768, kBytesAMark = 512;
constexpr std::size_t kMaxSeconds = 8192, kMaxHeaders = std::size_t{2} << 20;

// The position from which a list has only so many items.
template <class T>
std::uint64_t newest_from(const AppendLog<T>& list, std::uint64_t most,
                          std::uint64_t T::*position) {
  const auto items = list.view();
  return list.size() > most ? items[items.end() - most].*position : 0;
}

// The position from which events have only so many bytes of headers.
std::uint64_t newest_headers_from(const AppendLog<StreamEvent>& list) {
  const auto events = list.view();
  std::size_t bytes = 0;
  for (std::uint64_t i = events.end(); i-- > events.begin();) {
    if (events[i].headers) bytes += events[i].headers->size();
    if (bytes > kMaxHeaders) return events[i].position;
  }
  return 0;
}

}  // namespace

// Returns the start of the window of media time.
std::uint64_t StreamLog::keep_media(std::uint64_t end, const LogWindow& window) {
  const std::int64_t ms = window.media.count();
  std::int64_t until = seconds_kept_.empty() ? 0 : seconds_kept_.back().ms;
  if (window.media_end > 0)
    if (const auto listed =
            std::find_if(seconds_kept_.rbegin(), seconds_kept_.rend(),
                         [&](const auto& second) { return second.position <= window.media_end; });
        listed != seconds_kept_.rend() && until - listed->ms < ms)
      until = listed->ms;
  const std::uint64_t most = static_cast<std::uint64_t>(ms) * kMaxMediaRate / 1000;
  // Also limited by bytes, because media time does not advance while the rate keeps changing.
  std::size_t gone = 0;
  while (seconds_kept_.size() > gone + 1 && (ms == 0 || seconds_kept_.size() > gone + kMaxSeconds ||
                                             until - seconds_kept_[gone + 1].ms >= ms ||
                                             seconds_kept_[gone + 1].position + most <= end))
    ++gone;
  seconds_kept_.erase(seconds_kept_.begin(),
                      seconds_kept_.begin() + static_cast<std::ptrdiff_t>(gone));
  if (ms == 0 || seconds_kept_.empty()) return end;
  return std::max(seconds_kept_.front().position, end - std::min(end, most));
}

// Returns the start of the window of arrived bytes.  In a source's first moments the window has its
// lead and the end of the last source, for servers that read that one and ask for the next bytes.
std::uint64_t StreamLog::keep_arrived(std::uint64_t end, std::chrono::milliseconds window) const {
  if (window.count() == 0) return end;
  const std::uint64_t rate = std::max(rate_, *std::max_element(seconds_.begin(), seconds_.end()));
  const std::uint64_t bytes = rate * static_cast<std::uint64_t>(window.count()) / 1000;
  const std::uint64_t from = room_at_ - begun_at_ < window ? std::min(seam_, end) : end;
  return from - std::min(from, bytes);
}

void StreamLog::trim(std::uint64_t end, const LogWindow& window, std::uint64_t low_water) {
  // The window counts from the end that readers have seen: a reader of the old view must still find
  // its burst in the next one.
  std::uint64_t keep_burst =
      visible_end_ - std::min<std::uint64_t>(visible_end_, window.burst_bytes);
  // A joiner begins at the newest mark at or before the burst, so that mark is kept: otherwise a
  // stream of long units (WebM clusters) would have no starting point.
  const auto marks = sync_.view();
  if (const std::uint64_t i =
          marks.last_where([&](const SyncMark& m) { return m.position <= keep_burst; });
      i != marks.end())
    keep_burst = marks[i].position;
  const std::uint64_t keep_queue =
      end - std::min<std::uint64_t>(end, window.queue_bytes + catch_up_.extra());
  const std::uint64_t wanted = std::min(
      std::max(std::min({keep_burst, low_water, keep_arrived(end, window.arrived)}), keep_queue),
      keep_media(end, window));
  const std::uint64_t most = kMaxMarks + (end - std::min(end, begin_)) / kBytesAMark;
  const std::uint64_t few =
      std::max({newest_from(spans_, kMaxSpans, &StreamSpan::begin),
                newest_from(sync_, most, &SyncMark::position),
                newest_from(inner_, most, &SyncMark::position), newest_headers_from(events_)});
  begin_ = std::max({begin_, wanted, std::min(few, end)});

  std::size_t passed = 0;
  while (passed < segments_->size() && (*segments_)[passed]->end() <= begin_) ++passed;
  if (passed > 0)
    segments_ = std::make_shared<SegmentTable>(
        segments_->begin() + static_cast<std::ptrdiff_t>(passed), segments_->end());
  if (spans_.size() > 1) {
    // The span at begin_ is kept.
    const auto spans = spans_.view();
    const auto holds = spans.last_where([this](const StreamSpan& s) { return s.begin <= begin_; });
    std::uint64_t gone = holds == spans.end() ? 0 : holds - spans.begin();
    spans_.trim([&gone](const StreamSpan&) { return gone > 0; },
                [&gone](const StreamSpan&) { --gone; });
  }
  for (AppendLog<SyncMark>* const log : {&sync_, &inner_})
    log->trim([this](const SyncMark& m) { return m.position < begin_; }, [](const SyncMark&) {});
  events_.trim([this](const StreamEvent& e) { return e.position <= begin_; },
               [this](const StreamEvent& e) {
                 if (e.headers) base_headers_ = e.headers;
                 if (e.metadata) base_metadata_ = e.metadata;
               });
  if (late_metadata_ && events_.size() < kMaxEvents)
    events_.push({late_at_, nullptr, std::exchange(late_metadata_, nullptr)});
  if (late_headers_ && !late_metadata_ && events_.size() < kMaxEvents) {
    last_event_ = std::max(last_event_, head_);
    events_.push({last_event_, std::exchange(late_headers_, nullptr), nullptr});
  }
  punch_unread();
  visible_end_ = end;
}

void StreamLog::punch_unread() {
  const std::uint64_t unread = Store::page_floor(begin_);
  if (unread >= *pin_ + std::max(segment_bytes_ / kPunchesASegment, Store::page_bytes())) {
    pins_.push_back(pin_);
    pin_ = std::make_shared<const std::uint64_t>(unread);
  }
  std::erase_if(pins_, [](const auto& pin) { return pin.expired(); });
  const auto oldest = pins_.empty() ? pin_ : pins_.front().lock();
  if (oldest == nullptr || *oldest <= punched_) return;
  store_->punch(punched_, *oldest);
  punched_ = *oldest;
}

}  // namespace lb
