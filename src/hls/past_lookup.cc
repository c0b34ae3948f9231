#include "hls/past_lookup.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace lb {
namespace {

// Around a moment, of what other nodes are asked: a segment may lie in two files.
constexpr std::int64_t kAroundMs = 60'000;
// What nodes tell of one recording differs by so much, and leaves out such pauses.
constexpr std::int64_t kToldLooselyMs = 3000, kToldPauseMs = 10'000;
// Files that are opened in one turn of a reader.
constexpr std::size_t kOpenedOfTurn = 8;
// Segments beyond the list: before its begin, and after a gap at its end.
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

FilePart first_bytes(std::shared_ptr<const ArchiveFile> file, std::uint64_t offset) {
  const std::uint64_t bytes = std::min(PastCut::kFirstBytes, file->end() - offset);
  return {std::move(file), offset, bytes};
}

// What both lookups have: the mount, the files that are open, and the cut of them.
template <class Self>
class Lookup : public std::enable_shared_from_this<Self> {
 protected:
  Lookup(PastMount mount, std::shared_ptr<PastLimits> limits, HlsPastThen then)
      : mount_(std::move(mount)),
        limits_(std::move(limits)),
        then_(std::move(then)),
        out_(std::make_shared<HlsPast>()) {}

  RemoteArchive* others() const {
    RemoteArchive* const remote = mount_.own_only ? nullptr : mount_.readers.remote();
    return remote != nullptr && remote->holds(mount_.name) ? remote : nullptr;
  }
  std::int64_t now_ms() const { return unix_ms(mount_.clock.wall()); }
  // On a reader.  Of what other threads call it.
  void on_reader(UniqueFunction<void(Self&)> work) {
    mount_.readers.run(
        [self = this->shared_from_this(), work = std::move(work)]() mutable { work(*self); });
  }
  // Asks the other nodes about a time.
  void look(RemoteArchive& remote, std::int64_t from_ms, std::int64_t to_ms,
            UniqueFunction<void(Self&, bool)> work) {
    remote.look(mount_.name, from_ms - kAroundMs, to_ms + kAroundMs, looked(std::move(work)));
  }
  UniqueFunction<void(bool)> looked(UniqueFunction<void(Self&, bool)> work) {
    return [self = this->shared_from_this(), work = std::move(work)](bool all) mutable {
      self->on_reader([all, work = std::move(work)](Self& one) mutable { work(one, all); });
    };
  }
  void open(const std::vector<FileRow>& rows, UniqueFunction<void(Self&, OpenedFiles)> work) {
    open_together(mount_.readers, mount_.dir, mount_.name, rows,
                  [self = this->shared_from_this(), work = std::move(work)](
                      OpenedFiles opened) mutable { work(*self, std::move(opened)); });
  }
  // Makes the cut of files_; where a file begins a run, its first bytes are fetched.
  void cut(UniqueFunction<void(Self&)> work) {
    for (; cut_of_ < files_.size(); ++cut_of_, brought_ = false) {
      const auto& file = files_[cut_of_];
      if (!file) continue;
      const FilePart part = first_bytes(file, 0);
      if (!cut_.reads(*file) || file->has(part.offset, part.bytes)) {
        cut_.add(file);
        continue;
      }
      if (std::exchange(brought_, true)) return give_up();
      bring_together(mount_.readers, {part},
                     [self = this->shared_from_this(), work = std::move(work)](bool good) mutable {
                       if (good)
                         self->cut(std::move(work));
                       else
                         self->give_up();
                     });
      return;
    }
    work(static_cast<Self&>(*this));
  }
  void give_up() {
    out_->unanswered = true;
    finish();
  }
  void finish() {
    place_.leave();
    long_place_.leave();
    then_(std::move(out_));
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
  bool brought_ = false;

 protected:
  void clear_cut() {
    cut_ = PastCut();
    cut_of_ = 0;
    brought_ = false;
  }
};

class ListLookup final : public Lookup<ListLookup> {
 public:
  ListLookup(PastMount mount, const PastAskRange& range, std::shared_ptr<PastLimits> limits,
             HlsPastThen then)
      : Lookup(std::move(mount), std::move(limits), std::move(then)), range_(bounded(range)) {}

  void begin() {
    on_reader([](ListLookup& self) { self.ask(); });
  }

 private:
  bool slides() const { return range_.kind == HlsListKind::kSliding; }

  void ask() {
    if (mount_.catalog.is_reading(mount_.name)) return give_up();
    listed_ = mount_.catalog.files(mount_.name);
    RemoteArchive* const remote = others();
    const std::int64_t to_ms = std::min(range_.to_ms, now_ms());
    if (std::chrono::milliseconds(to_ms - range_.from_ms) > PastLimits::kLongList) {
      if (!limits_->long_lists.try_enter(PastLimits::kMaxLongLists)) return give_up();
      long_place_ = GatePass(&limits_->long_lists);
    }
    if (remote == nullptr || range_.from_ms >= to_ms || listed_->covers(range_.from_ms, to_ms))
      return plan();
    if (!limits_->far_lists.try_enter(PastLimits::kMaxFarLists)) return give_up();
    place_ = GatePass(&limits_->far_lists);
    // As they were when they were asked: one that has gone meanwhile may come back.
    auto asked = remote->holders();
    look(*remote, range_.from_ms, to_ms, [remote, to_ms, asked](ListLookup& self, bool all) {
      self.listed_ = remote->files(self.mount_.name);
      if (!all && self.is_held_elsewhere(*asked, to_ms)) return self.give_up();
      self.plan();
    });
  }

  // A node has said that it has more of this time than is listed.
  bool is_held_elsewhere(const HolderView& holders, std::int64_t to_ms) const {
    for (const HolderRow& row : holders.of(mount_.name))
      for (const HeldRange& range : row.ranges) {
        const std::int64_t from = std::max(range_.from_ms, range.from_ms);
        const std::int64_t to = std::min(to_ms, range.to_ms == 0 ? to_ms : range.to_ms);
        const std::int64_t edge = std::min(kToldLooselyMs, (to - from) / 4);
        if (from < to && !listed_->covers(from + edge, to - edge, kToldPauseMs)) return true;
      }
    return false;
  }

  void plan() {
    const auto [first, end] = files_of_range(*listed_, range_.from_ms, range_.to_ms);
    rows_ = rows_between(*listed_, first, end);
    files_.resize(rows_.size());
    left_end_ = 0;
    right_begin_ = rows_.size();
    open_more();
  }

  // From the end at which the list is cut off last.
  void open_more() {
    if (left_end_ == right_begin_ || segments_ >= range_.most + kSpareSegments)
      return cut([](ListLookup& self) { self.make(); });
    const std::size_t count = std::min(kOpenedOfTurn, right_begin_ - left_end_);
    const std::size_t at = slides() ? right_begin_ - count : left_end_;
    if (slides())
      right_begin_ -= count;
    else
      left_end_ += count;
    const auto begin = rows_.begin() + static_cast<std::ptrdiff_t>(at);
    open({begin, begin + static_cast<std::ptrdiff_t>(count)},
         [at](ListLookup& self, OpenedFiles opened) {
           if (opened.unanswered) return self.give_up();
           for (std::size_t i = 0; i < opened.files.size(); ++i)
             self.take(at + i, std::move(opened.files[i]));
           self.on_reader([](ListLookup& next) { next.open_more(); });
         });
  }
  void take(std::size_t at, std::shared_ptr<const ArchiveFile> file) {
    if (!file) return;
    const FileHead& head = file->index.head;
    if (is_hls_cut(head.span))
      segments_ += static_cast<std::uint64_t>(
                       std::max<std::int64_t>(0, file->index.to_ms() - file->index.from_ms())) /
                   head.span.segments.cut_ms;
    files_[at] = std::move(file);
  }

  void make() {
    out_->list = make_past_list(cut_, range_);
    if (out_->list.segments.empty()) return finish();
    auto parts = cut_.parts(out_->list.segments.front());
    if (parts.empty()) return finish();
    const PastPart front = std::move(parts.front());
    bring_together(mount_.readers, {first_bytes(front.file, front.begin)},
                   [self = shared_from_this(), front](bool) {
                     describe_past_list(self->out_->list, front);
                     self->finish();
                   });
  }

  const PastAskRange range_;
  std::vector<FileRow> rows_;
  std::size_t left_end_ = 0, right_begin_ = 0;  // what is between them is not open
  std::uint64_t segments_ = 0;                  // about, in what is open
};

// Files of one stream are in the order of its numbers.  Where a number is told by where another one
// lies: segments last cut_ms.
class SegmentLookup final : public Lookup<SegmentLookup> {
 public:
  SegmentLookup(PastMount mount, std::uint32_t stream, std::uint64_t sequence,
                std::shared_ptr<PastLimits> limits, HlsPastThen then)
      : Lookup(std::move(mount), std::move(limits), std::move(then)),
        stream_(stream),
        sequence_(sequence) {}

  void begin() {
    on_reader([](SegmentLookup& self) {
      RemoteArchive* const remote = self.others();
      const std::string& name = self.mount_.name;
      self.unread_ = self.mount_.catalog.is_reading(name);
      self.listed_ = remote != nullptr ? remote->files(name) : self.mount_.catalog.files(name);
      self.search();
    });
  }

 private:
  void search() {
    of_stream_.clear();
    for (std::size_t i = 0; i < listed_->size(); ++i)
      if ((*listed_)[i].id == stream_ && (*listed_)[i].bytes > 0) of_stream_.push_back(i);
    low_ = 0;
    high_ = of_stream_.size();
    probes_ = 0;
    if (of_stream_.empty()) return ask_for_stream();
    probe();
  }

  const FileRow& row(std::size_t of_stream) const { return (*listed_)[of_stream_[of_stream]]; }

  std::size_t guessed() const {
    if (!guess_ms_) return high_ - 1;
    std::size_t at = high_ - 1;
    while (at > low_ && row(at).from_ms > *guess_ms_) --at;
    return at;
  }

  // One that begins with a larger number is behind it.
  void probe() {
    if (low_ == high_) return read_around();
    const std::size_t at = probes_++ < kGuesses ? guessed() : low_ + (high_ - low_) / 2;
    open({row(at)}, [at](SegmentLookup& self, const OpenedFiles& opened) {
      if (opened.unanswered) return self.give_up();
      const auto number =
          opened.files[0] ? first_number(*opened.files[0]) : std::optional<std::uint64_t>();
      if (number) self.guess(*opened.files[0], *number);
      if (number && *number <= self.sequence_)
        self.low_ = at + 1;
      else
        self.high_ = at;
      self.probe();
    });
  }
  void guess(const ArchiveFile& file, std::uint64_t number) {
    constexpr std::uint64_t kFarthest = 1'000'000'000;
    const bool later = sequence_ >= number;
    const auto steps = static_cast<std::int64_t>(
        std::min(later ? sequence_ - number : number - sequence_, kFarthest));
    const std::int64_t ms = steps * file.index.head.span.segments.cut_ms;
    guess_ms_ = file.row.from_ms + (later ? ms : -ms);
  }

  // It begins in the file that was found, or in the one before; the files behind them tell where it
  // ends.
  void read_around() {
    if (low_ == 0) return ask_for_time();
    const std::size_t first = of_stream_[low_ > 1 ? low_ - 2 : 0];
    const std::size_t end = std::min(listed_->size(), of_stream_[low_ - 1] + 3);
    open(rows_between(*listed_, first, end), [](SegmentLookup& self, OpenedFiles opened) {
      if (opened.unanswered) return self.give_up();
      self.files_ = std::move(opened.files);
      self.clear_cut();
      self.cut([](SegmentLookup& one) { one.take(); });
    });
  }
  void take() {
    auto found = find_past_segment(cut_, stream_, sequence_);
    if (!found) return ask_for_time();
    std::vector<FilePart> parts;
    for (const PastPart& part : found->parts)
      parts.push_back({part.file, part.begin, part.end - part.begin});
    out_->segment = std::move(found);
    bring_together(mount_.readers, parts, [self = shared_from_this(), parts](bool good) {
      if (!good) {
        self->out_->segment.reset();
        return self->give_up();
      }
      for (const FilePart& part : parts) ReaderPool::read(*part.file, part.offset, part.bytes);
      self->finish();
    });
  }

  // Nothing of this stream is known here: one of its files tells the time of its numbers.
  void ask_for_stream() {
    RemoteArchive* const remote = others();
    if (remote == nullptr || std::exchange(asked_for_stream_, true)) return finish_without();
    if (!limits_->may_ask(mount_.clock.steady())) return give_up();
    remote->look(
        mount_.name, stream_, std::uint64_t{0},
        looked([remote](SegmentLookup& self, bool all) { self.look_again(*remote, all); }));
  }
  void ask_for_time() {
    RemoteArchive* const remote = others();
    const bool may_be = guess_ms_ && *guess_ms_ > 0 && *guess_ms_ <= now_ms() + kAroundMs;
    if (remote == nullptr || !may_be || rounds_ == kMaxRounds) return finish_without();
    if (!limits_->may_ask(mount_.clock.steady())) return give_up();
    ++rounds_;
    look(*remote, *guess_ms_, *guess_ms_,
         [remote](SegmentLookup& self, bool all) { self.look_again(*remote, all); });
  }
  void look_again(RemoteArchive& remote, bool all) {
    auto now = remote.files(mount_.name);
    const bool same = now->closed() == listed_->closed() && now->open() == listed_->open();
    listed_ = std::move(now);
    if (!same) return search();
    out_->unanswered = !all;
    finish_without();
  }
  // No node has it, as far as is known.
  void finish_without() {
    out_->unanswered |= unread_;
    finish();
  }

  const std::uint32_t stream_;
  const std::uint64_t sequence_;
  std::vector<std::size_t> of_stream_;  // places in listed_
  std::size_t low_ = 0, high_ = 0;      // of of_stream_: where the first larger number may be
  unsigned probes_ = 0, rounds_ = 0;
  std::optional<std::int64_t> guess_ms_;
  bool asked_for_stream_ = false;
  bool unread_ = false;  // the directory here, when this began
};

}  // namespace

bool PastLimits::may_ask(SteadyTime now) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (now - second_ >= std::chrono::seconds(1)) {
    second_ = now;
    asked_ = 0;
  }
  return ++asked_ <= kMaxQuestions;
}

void look_up_past_list(PastMount mount, const PastAskRange& range,
                       std::shared_ptr<PastLimits> limits, HlsPastThen then) {
  std::make_shared<ListLookup>(std::move(mount), range, std::move(limits), std::move(then))
      ->begin();
}

void look_up_past_segment(PastMount mount, std::uint32_t stream, std::uint64_t sequence,
                          std::shared_ptr<PastLimits> limits, HlsPastThen then) {
  std::make_shared<SegmentLookup>(std::move(mount), stream, sequence, std::move(limits),
                                  std::move(then))
      ->begin();
}

}  // namespace lb
