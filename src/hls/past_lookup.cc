#include "hls/past_lookup.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace lb {
namespace {

// Added around a time in questions to other nodes: a segment may lie in two files.
constexpr std::int64_t kAroundMs = 60'000;
// Nodes report ranges of one recording with such differences, and omit such pauses.
constexpr std::int64_t kToldLooselyMs = 3000, kToldPauseMs = 10'000;
// Files opened in one turn of a reader.
constexpr std::size_t kOpenedOfTurn = 8;
// Segments beyond the list: before its start, and after a gap at its end.
constexpr std::uint64_t kSpareSegments = 128;
constexpr unsigned kMaxRounds = 3;
// Steps of interpolation search before bisection.
constexpr unsigned kGuesses = 4;

std::vector<FileRow> rows_between(const RecordedFiles& files, std::size_t first, std::size_t end) {
  std::vector<FileRow> rows;
  for (std::size_t i = first; i < end; ++i)
    if (files[i].bytes > 0) rows.push_back(files[i]);
  return rows;
}

// The common part of both lookups: the mount, its open files, and their cut.
class Lookup {
 public:
  Lookup(PastMount mount, std::shared_ptr<PastLimits> limits, HlsPastThen then)
      : mount_(std::move(mount)),
        limits_(std::move(limits)),
        then_(std::move(then)),
        out_(std::make_shared<HlsPast>()) {}

 protected:
  RemoteArchive* others() const {
    RemoteArchive* const remote = mount_.own_only ? nullptr : mount_.readers.remote();
    return remote != nullptr && remote->holds(mount_.name) ? remote : nullptr;
  }
  std::int64_t now_ms() const { return unix_ms(mount_.clock.wall()); }
  static std::optional<bool> check(PastReading& reading, std::int64_t from_ms, std::int64_t to_ms) {
    return reading.check(from_ms - kAroundMs, to_ms + kAroundMs);
  }
  // Adds files_ to the cut; if a file begins a run, its first bytes are read.  False: they are
  // missing, or the lookup has ended.
  bool cut(PastReading& reading) {
    for (; cut_of_ < files_.size(); ++cut_of_) {
      const auto& file = files_[cut_of_];
      if (!file) continue;
      if (cut_.reads(*file) && !reading.has(*file, 0, PastCut::kFirstBytes))
        return !reading.lacks() && give_up();
      cut_.add(file);
    }
    return true;
  }
  bool give_up() {
    out_->unanswered = true;
    return finish();
  }
  // False: no step follows.
  bool finish() {
    place_.leave();
    long_place_.leave();
    then_(std::move(out_));
    return false;
  }
  void clear_cut() {
    cut_ = PastCut();
    cut_of_ = 0;
  }

  const PastMount mount_;
  const std::shared_ptr<PastLimits> limits_;
  HlsPastThen then_;
  std::shared_ptr<HlsPast> out_;
  GatePass place_, long_place_;
  Catalog::Files listed_;
  std::vector<std::shared_ptr<const ArchiveFile>> files_;
  PastCut cut_;

 private:
  std::size_t cut_of_ = 0;
};

class ListLookup final : public Lookup {
 public:
  ListLookup(PastMount mount, const PastAskRange& range, std::shared_ptr<PastLimits> limits,
             HlsPastThen then)
      : Lookup(std::move(mount), std::move(limits), std::move(then)), range_(bounded(range)) {}

  bool step(PastReading& reading) { return (this->*next_)(reading); }

 private:
  bool slides() const { return range_.kind == HlsListKind::kSliding; }

  bool begin(PastReading& reading) {
    if (mount_.catalog.is_reading(mount_.name)) return give_up();
    listed_ = mount_.catalog.files(mount_.name);
    RemoteArchive* const remote = others();
    to_ms_ = std::min(range_.to_ms, now_ms());
    if (std::chrono::milliseconds(to_ms_ - range_.from_ms) > PastLimits::kLongList) {
      if (!limits_->long_lists.try_enter(PastLimits::kMaxLongLists)) return give_up();
      long_place_ = GatePass(&limits_->long_lists);
    }
    if (remote == nullptr || range_.from_ms >= to_ms_ || listed_->covers(range_.from_ms, to_ms_))
      return plan();
    if (!limits_->far_lists.try_enter(PastLimits::kMaxFarLists)) return give_up();
    place_ = GatePass(&limits_->far_lists);
    // The holders at the time of the question: a node that has gone meanwhile may come back.
    asked_ = remote->holders();
    next_ = &ListLookup::ask;
    return ask(reading);
  }

  bool ask(PastReading& reading) {
    const auto all = check(reading, range_.from_ms, to_ms_);
    if (!all) return false;
    listed_ = mount_.readers.remote()->files(mount_.name);
    return !*all && is_held_elsewhere() ? give_up() : plan();
  }

  // A node has reported more of this time than is listed.
  bool is_held_elsewhere() const {
    for (const HolderRow& row : asked_->of(mount_.name))
      for (const HeldRange& range : row.ranges) {
        const std::int64_t from = std::max(range_.from_ms, range.from_ms);
        const std::int64_t to = std::min(to_ms_, range.to_ms == 0 ? to_ms_ : range.to_ms);
        const std::int64_t edge = std::min(kToldLooselyMs, (to - from) / 4);
        if (from < to && !listed_->covers(from + edge, to - edge, kToldPauseMs)) return true;
      }
    return false;
  }

  bool plan() {
    const auto [first, end] = files_of_range(*listed_, range_.from_ms, range_.to_ms);
    rows_ = rows_between(*listed_, first, end);
    files_.resize(rows_.size());
    right_begin_ = rows_.size();
    next_ = &ListLookup::open_more;
    return true;
  }

  // Opens files from the end that the list needs first.
  bool open_more(PastReading& reading) {
    if (left_end_ == right_begin_ || segments_ >= range_.most + kSpareSegments) {
      next_ = &ListLookup::make;
      return make(reading);
    }
    const std::size_t count = std::min(kOpenedOfTurn, right_begin_ - left_end_);
    const std::size_t at = slides() ? right_begin_ - count : left_end_;
    for (std::size_t i = at; i < at + count; ++i) files_[i] = reading.open(rows_[i]);
    if (reading.lacks()) return false;
    if (reading.unanswered()) return give_up();
    for (std::size_t i = at; i < at + count; ++i) segments_ += segments_of(files_[i].get());
    if (slides())
      right_begin_ = at;
    else
      left_end_ += count;
    return true;
  }
  static std::uint64_t segments_of(const ArchiveFile* file) {
    if (file == nullptr || !is_hls_cut(file->index.head.span)) return 0;
    const std::int64_t ms = file->index.to_ms() - file->index.from_ms();
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, ms)) /
           file->index.head.span.segments.cut_ms;
  }

  bool make(PastReading& reading) {
    if (!cut(reading)) return false;
    out_->list = make_past_list(cut_, range_);
    if (out_->list.segments.empty()) return finish();
    auto parts = cut_.parts(out_->list.segments.front());
    if (parts.empty()) return finish();
    front_ = std::move(parts.front());
    next_ = &ListLookup::describe;
    return describe(reading);
  }
  bool describe(PastReading& reading) {
    reading.has(*front_.file, front_.begin, PastCut::kFirstBytes);
    if (reading.lacks()) return false;
    describe_past_list(out_->list, front_);
    return finish();
  }

  bool (ListLookup::*next_)(PastReading&) = &ListLookup::begin;
  const PastAskRange range_;
  std::int64_t to_ms_ = 0;
  std::shared_ptr<const HolderView> asked_;
  std::vector<FileRow> rows_;
  std::size_t left_end_ = 0, right_begin_ = 0;  // the files between them are not open
  std::uint64_t segments_ = 0;                  // about, in the open files
  PastPart front_;
};

// The files of one stream in the order of its numbers: of its bytes, whatever became of the clock
// meanwhile.  One number gives the place of another, because segments last cut_ms.
class SegmentLookup final : public Lookup {
 public:
  SegmentLookup(PastMount mount, std::uint32_t stream, std::uint64_t sequence,
                std::shared_ptr<PastLimits> limits, HlsPastThen then)
      : Lookup(std::move(mount), std::move(limits), std::move(then)),
        stream_(stream),
        sequence_(sequence) {}

  bool step(PastReading& reading) { return (this->*next_)(reading); }

 private:
  bool begin(PastReading& reading) {
    RemoteArchive* const remote = others();
    unread_ = mount_.catalog.is_reading(mount_.name);
    listed_ = remote != nullptr ? remote->files(mount_.name) : mount_.catalog.files(mount_.name);
    return search(reading);
  }

  bool search(PastReading& reading) {
    of_stream_.clear();
    for (std::size_t i = 0; i < listed_->size(); ++i)
      if ((*listed_)[i].id == stream_ && (*listed_)[i].bytes > 0) of_stream_.push_back(i);
    std::sort(of_stream_.begin(), of_stream_.end(), [this](std::size_t a, std::size_t b) {
      return std::pair((*listed_)[a].origin, a) < std::pair((*listed_)[b].origin, b);
    });
    low_ = 0;
    high_ = of_stream_.size();
    probes_ = 0;
    if (of_stream_.empty()) return ask_for_stream(reading);
    next_ = &SegmentLookup::probe;
    return probe(reading);
  }

  const FileRow& row(std::size_t of_stream) const { return (*listed_)[of_stream_[of_stream]]; }

  std::size_t guessed() const {
    if (!guess_ms_) return high_ - 1;
    std::size_t at = high_ - 1;
    while (at > low_ && row(at).from_ms > *guess_ms_) --at;
    return at;
  }

  // A file that begins with a larger number lies after the segment.
  bool probe(PastReading& reading) {
    if (low_ == high_) return read_around(reading);
    const std::size_t at = probes_ < kGuesses ? guessed() : low_ + (high_ - low_) / 2;
    const auto file = reading.open(row(at));
    if (reading.lacks()) return false;
    if (reading.unanswered()) return give_up();
    ++probes_;
    const auto number = file ? first_number(*file) : std::nullopt;
    if (number) guess(*file, *number);
    if (number && *number <= sequence_)
      low_ = at + 1;
    else
      high_ = at;
    return true;
  }
  void guess(const ArchiveFile& file, std::uint64_t number) {
    constexpr std::uint64_t kFarthest = 1'000'000'000;
    const bool later = sequence_ >= number;
    const auto steps = static_cast<std::int64_t>(
        std::min(later ? sequence_ - number : number - sequence_, kFarthest));
    const std::int64_t ms = steps * file.index.head.span.segments.cut_ms;
    guess_ms_ = file.row.from_ms + (later ? ms : -ms);
  }

  // The segment begins in the found file or the one before it; the files after them show its end.
  bool read_around(PastReading& reading) {
    if (low_ == 0) return ask_for_time(reading);
    files_.clear();
    for (const std::size_t at : around())
      if ((*listed_)[at].bytes > 0) files_.push_back(reading.open((*listed_)[at]));
    if (reading.lacks()) return false;
    if (reading.unanswered()) return give_up();
    clear_cut();
    next_ = &SegmentLookup::take;
    return take(reading);
  }
  // Indices of listed_: of this stream those before, with and behind the number, and what was heard
  // after them.
  std::vector<std::size_t> around() const {
    std::size_t end = low_;
    while (end < std::min(low_ + 2, of_stream_.size()) && row(end - 1).goes_on_in(row(end))) ++end;
    const auto begin = of_stream_.begin();
    std::vector<std::size_t> found(begin + static_cast<std::ptrdiff_t>(low_ > 1 ? low_ - 2 : 0),
                                   begin + static_cast<std::ptrdiff_t>(end));
    const FileRow& last = row(end - 1);
    for (std::size_t at = of_stream_[end - 1] + 1; at < listed_->size() && found.size() < 6; ++at)
      if (const FileRow& next = (*listed_)[at]; next.id != stream_ || next.origin > last.origin)
        found.push_back(at);
    return found;
  }
  bool take(PastReading& reading) {
    if (!cut(reading)) return false;
    auto found = find_past_segment(cut_, stream_, sequence_);
    if (!found) return ask_for_time(reading);
    bool here = true;
    for (const PastPart& part : found->parts)
      here = reading.has(*part.file, part.begin, part.end - part.begin) && here;
    if (reading.lacks()) return false;
    if (!here) return give_up();
    for (const PastPart& part : found->parts)
      ReaderPool::read(*part.file, part.begin, part.end - part.begin);
    out_->segment = std::move(found);
    return finish();
  }

  // No file of this stream is known here: any file of it shows the time of its numbers.
  bool ask_for_stream(PastReading& reading) {
    if (std::exchange(asked_for_stream_, true)) return finish_without();
    return ask(reading, &SegmentLookup::take_stream);
  }
  bool ask_for_time(PastReading& reading) {
    const bool may_be = guess_ms_ && *guess_ms_ > 0 && *guess_ms_ <= now_ms() + kAroundMs;
    if (!may_be || rounds_ == kMaxRounds) return finish_without();
    ++rounds_;
    return ask(reading, &SegmentLookup::take_time);
  }
  bool ask(PastReading& reading, bool (SegmentLookup::*take_answer)(PastReading&)) {
    if (others() == nullptr) return finish_without();
    if (!limits_->may_ask(mount_.clock.steady())) return give_up();
    next_ = take_answer;
    return step(reading);
  }
  bool take_stream(PastReading& reading) {
    return check_again(reading, reading.check(stream_, std::uint64_t{0}));
  }
  bool take_time(PastReading& reading) {
    return check_again(reading, check(reading, *guess_ms_, *guess_ms_));
  }
  bool check_again(PastReading& reading, std::optional<bool> all) {
    if (!all) return false;
    auto now = mount_.readers.remote()->files(mount_.name);
    const bool same = now->closed() == listed_->closed() && now->open() == listed_->open();
    listed_ = std::move(now);
    if (!same) return search(reading);
    out_->unanswered = !*all;
    return finish_without();
  }
  // As far as is known, no node has the segment.
  bool finish_without() {
    out_->unanswered |= unread_;
    return finish();
  }

  bool (SegmentLookup::*next_)(PastReading&) = &SegmentLookup::begin;
  const std::uint32_t stream_;
  const std::uint64_t sequence_;
  std::vector<std::size_t> of_stream_;  // indices of listed_
  std::size_t low_ = 0, high_ = 0;      // in of_stream_: where the first larger number may be
  unsigned probes_ = 0, rounds_ = 0;
  std::optional<std::int64_t> guess_ms_;
  bool asked_for_stream_ = false;
  bool unread_ = false;  // the directory here was unread at the start
};

// Kind: a lookup; given: its arguments after the mount.
template <class Kind, class... Given>
void look_up(PastMount mount, Given&&... given) {
  const auto reading = std::make_shared<PastReading>(mount.readers, mount.dir, mount.name);
  reading->run([lookup = std::make_unique<Kind>(std::move(mount), std::forward<Given>(given)...)](
                   PastReading& step) { return lookup->step(step); });
}

}  // namespace

bool PastLimits::may_ask(SteadyTime now) {
  const std::lock_guard<std::mutex> guard(mutex_);
  return asked_.allows(now, kMaxQuestions);
}

void look_up_past_list(PastMount mount, const PastAskRange& range,
                       std::shared_ptr<PastLimits> limits, HlsPastThen then) {
  look_up<ListLookup>(std::move(mount), range, std::move(limits), std::move(then));
}

void look_up_past_segment(PastMount mount, std::uint32_t stream, std::uint64_t sequence,
                          std::shared_ptr<PastLimits> limits, HlsPastThen then) {
  look_up<SegmentLookup>(std::move(mount), stream, sequence, std::move(limits), std::move(then));
}

}  // namespace lb
