// The state of a log between two publications, for the process that takes over.
#include <sys/stat.h>

#include <utility>

#include "base/cat.h"
#include "base/record.h"
#include "stream/log/stream_log.h"

namespace lb {
namespace {

constexpr std::uint32_t kSegmentsAt = 1, kSegmentSizes = 2;
constexpr std::uint64_t kMaxSegmentBytes = std::uint64_t{1} << 30;

template <class Io, class Log>
void list_fields(Io& io, std::uint32_t number, Log& log) {
  using Item = std::remove_cvref_t<decltype(log.view()[0])>;
  if constexpr (Io::kReads) {
    std::vector<Item> items;
    io(number, items);
    for (Item& item : items) log.push(std::move(item));
  } else {
    const auto view = log.view();
    for (auto i = view.begin(); i < view.end(); ++i) io(number, view[i]);
  }
}

}  // namespace

// A log is saved after a publication, so new metadata and a new codec were taken already.
template <class Io, class Self>
void StreamLog::fields(Io& io, Self& self) {
  // Memory before the window that is not freed yet; of former versions one for each segment.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> unread;
  if constexpr (!Io::kReads) unread.emplace_back(self.punched_, *self.pin_);
  list_fields(io, 3, self.sync_);
  list_fields(io, 4, self.inner_);
  list_fields(io, 5, self.events_);
  list_fields(io, 6, self.spans_);
  io(7, self.last_time_, self.inner_samples_, self.newest_samples_, self.seconds_kept_,
     self.next_address_, self.new_epoch_ms_, self.source_since_, self.wall_checked_,
     self.seconds_off_, self.last_event_, self.base_headers_, self.base_metadata_,
     self.title_place_, self.late_metadata_, self.begin_, self.head_, self.seam_, self.visible_end_,
     self.rate_, self.rate_head_, self.rate_since_, self.seconds_, self.seconds_seen_,
     self.segment_bytes_, self.segment_since_, self.room_at_, self.begun_at_, self.catch_up_,
     unread, self.wall_seams_, self.late_headers_, self.late_at_, self.entered_,
     self.earliest_epoch_ms_);
  if constexpr (Io::kReads)
    if (!unread.empty()) {
      self.punched_ = unread.front().first;
      self.pin_ = std::make_shared<const std::uint64_t>(unread.front().second);
    }
}

std::unique_ptr<StreamLog> StreamLog::of_view(const StreamView& view) {
  std::unique_ptr<StreamLog> log(new StreamLog(view.store));
  const auto keep = [](auto& list, const auto& shown) {
    for (auto i = shown.begin(); i < shown.end(); ++i) list.push(shown[i]);
  };
  keep(log->sync_, view.sync);
  keep(log->events_, view.events);
  keep(log->spans_, view.spans);
  log->base_headers_ = view.base_headers;
  log->base_metadata_ = view.base_metadata;
  log->late_metadata_ = view.late_metadata;
  log->late_at_ = view.late_at;
  log->segments_ = view.segments;
  log->begin_ = view.begin;
  log->punched_ = Store::page_floor(view.begin);
  log->pin_ = std::make_shared<const std::uint64_t>(log->punched_);
  log->head_ = log->visible_end_ = view.end;
  log->seam_ = view.seam;
  return log;
}

std::vector<std::shared_ptr<const Metadata>> StreamLog::titles() const {
  std::vector<std::shared_ptr<const Metadata>> titles{base_metadata_};
  const auto events = events_.view();
  for (auto i = events.begin(); i < events.end(); ++i) titles.push_back(events[i].metadata);
  titles.push_back(late_metadata_);
  return titles;
}

void StreamLog::save(RecordOut& out) const {
  const SegmentTable& segments = *segments_;
  out(kSegmentsAt, segments.empty() ? head_ : segments.front()->begin);
  for (const auto& segment : segments) out(kSegmentSizes, segment->size_bytes);
  fields(out, *this);
}

Result<void> StreamLog::map_segments(const std::vector<std::uint64_t>& sizes, std::uint64_t at) {
  const std::size_t page = Store::page_bytes();
  auto table = std::make_shared<SegmentTable>();
  for (const std::uint64_t size : sizes) {
    if (size == 0 || size > kMaxSegmentBytes || size % page != 0 || at % page != 0 ||
        at + size < at)
      return Error::invalid(cat({"a log has a segment of ", size, " bytes at ", at}));
    auto segment = store_->map(at, static_cast<std::size_t>(size));
    if (!segment) return segment.error();
    current_ = std::move(*segment);
    table->push_back(current_);
    at += size;
  }
  segments_ = std::move(table);
  return {};
}

Result<std::unique_ptr<StreamLog>> StreamLog::restore(RecordIn& in, UniqueFd file) {
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode))
    return Error::invalid("the file of a log is none");
  std::unique_ptr<StreamLog> log(new StreamLog(Store::adopt(std::move(file))));
  std::uint64_t at = 0;
  std::vector<std::uint64_t> sizes;
  in(kSegmentsAt, at);
  in(kSegmentSizes, sizes);
  fields(in, *log);
  if (auto read = in.done(); !read) return read.error();
  std::uint64_t end = at;
  for (const std::uint64_t size : sizes) end += size;
  const bool in_order = log->begin_ <= log->visible_end_ && log->visible_end_ <= log->head_ &&
                        log->rate_head_ <= log->head_;
  const bool mapped_whole = sizes.empty() ? log->begin_ == log->head_
                                          : at <= log->begin_ && log->head_ <= end &&
                                                end <= static_cast<std::uint64_t>(facts.st_size);
  const std::uint64_t pin = *log->pin_;
  const bool pinned = log->punched_ <= pin && pin <= log->begin_ && Store::page_floor(pin) == pin &&
                      Store::page_floor(log->punched_) == log->punched_;
  const bool fits = in_order && mapped_whole && pinned && log->segment_bytes_ > 0 &&
                    log->segment_bytes_ % Store::page_bytes() == 0;
  if (!fits)
    return Error::invalid(
        cat({"a log from ", log->begin_, " to ", log->head_, " does not fit to its segments, from ",
             at, " to ", end, ", or to its file of ", facts.st_size, " bytes"}));
  if (auto mapped = log->map_segments(sizes, at); !mapped) return mapped.error();
  return log;
}

}  // namespace lb
