#include "archive/record/archive_fill.h"

#include <unistd.h>

#include <algorithm>

#include "archive/files/scan.h"
#include "archive/record/recording.h"
#include "archive/record/recording_record.h"
#include "base/cat.h"
#include "base/file.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kRoundEvery = 5s;
// Younger files may still be on their way to this node.
constexpr std::int64_t kYoungMs = 10'000;
// Retention removes older files, so files that it would remove soon are not fetched.
constexpr std::int64_t kSpareMs = 10 * 60'000;
// The longest time for which holders are asked at once.
constexpr std::int64_t kLongestLookMs = 6 * 3'600'000;
constexpr SteadyTime::duration kFirstRest = 10s, kLongestRest = 5min;
constexpr unsigned kMaxIdle = 3;
constexpr std::size_t kMaxRemoved = 1000;
constexpr std::string_view kFillModule = "archive/fill";

}  // namespace

ArchiveFill::ArchiveFill(Loop& loop, RecordingHost& host, RemoteArchive& remote,
                         Callbacks callbacks)
    : loop_(loop),
      host_(host),
      remote_(remote),
      callbacks_(std::move(callbacks)),
      timer_(loop, [this] {
        if (job_)
          fetch_more();
        else
          round();
      }) {}

ArchiveFill::~ArchiveFill() = default;

std::int64_t ArchiveFill::now_ms() const { return unix_ms(loop_.clock().wall()); }

template <class F>
auto ArchiveFill::here(F then) {
  return [this, turn = turn_, then = std::move(then)](auto... given) mutable {
    loop_.post([this, turn, then = std::move(then), ... given = std::move(given)]() mutable {
      if (turn == turn_) then(std::move(given)...);
    });
  };
}

void ArchiveFill::configure(bool wanted) {
  wanted_ = wanted;
  if (wanted_ && !timer_.armed() && !hole_) timer_.after(kRoundEvery);
}

std::vector<RemovedRecord> ArchiveFill::removed() const {
  std::vector<RemovedRecord> all;
  for (const auto& [mount, times] : removed_)
    for (const MissingTime& time : times) all.push_back({mount, time.from_ms, time.to_ms});
  return all;
}

void ArchiveFill::stop() {
  ++turn_;
  wanted_ = false;
  timer_.cancel();
  holes_.clear();
  if (job_) job_done();
  hole_.reset();
}

void ArchiveFill::removed(const std::string& mount, std::int64_t from_ms, std::int64_t to_ms) {
  auto& times = removed_[mount];
  if (times.size() == kMaxRemoved) times.erase(times.begin());
  times.push_back({from_ms, to_ms});
}

bool ArchiveFill::wanted(const std::string& mount) const {
  const MountArchive settings = callbacks_.settings_of(mount);
  return wanted_ && settings.enabled && settings.fill && !archive_directory(mount).empty();
}

// -- what is missing ------------------------------------------------------------------------------

void ArchiveFill::round() {
  if (!wanted_ || hole_) return;
  find_holes();
  next_hole();
}

bool ArchiveFill::rests(const std::string& mount, const RecordedFiles& own) {
  const auto rest = rests_.find(mount);
  // A file more means that a hole before it has an end now, so the mount need not rest.
  return rest != rests_.end() && rest->second.files == own.size() &&
         loop_.now() < rest->second.until;
}

void ArchiveFill::find_holes() {
  const auto holders = remote_.holders();
  const std::int64_t now = now_ms();
  for (const auto& [mount, rows] : holders->all()) {
    if (!wanted(mount)) continue;
    const Catalog::Files own = host_.catalog.files(mount);
    if (rests(mount, *own)) continue;
    const std::int64_t retention =
        std::chrono::milliseconds(callbacks_.settings_of(mount).retention).count();
    const std::int64_t oldest = retention > 0 ? now - retention + kSpareMs : 0;
    const auto gone = removed_.find(mount);
    const auto times = missing_times(
        *own, rows, gone == removed_.end() ? std::vector<MissingTime>() : gone->second, oldest,
        now - kYoungMs);
    // The newest hole of each mount comes first.
    for (auto time = times.rbegin(); time != times.rend(); ++time)
      holes_.push_back({mount, *time, 0, 0});
  }
  std::stable_sort(holes_.begin(), holes_.end(),
                   [](const Hole& a, const Hole& b) { return a.time.to_ms < b.time.to_ms; });
}

void ArchiveFill::next_hole() {
  hole_.reset();
  if (holes_.empty() || !wanted_) {
    holes_.clear();
    if (wanted_) timer_.after(kRoundEvery);
    return;
  }
  hole_ = std::move(holes_.back());
  holes_.pop_back();
  tried_.clear();
  // A long hole is filled in parts, from its end.
  if (hole_->time.to_ms - hole_->time.from_ms > kLongestLookMs) {
    Hole rest = *hole_;
    rest.time.to_ms = hole_->time.from_ms = hole_->time.to_ms - kLongestLookMs;
    holes_.push_back(std::move(rest));
  }
  remote_.check(hole_->mount, hole_->time.from_ms, hole_->time.to_ms,
                here([this](bool) { next_part(); }));
}

void ArchiveFill::next_part() {
  if (!hole_) return;
  if (wanted(hole_->mount)) {
    const Catalog::Files own = host_.catalog.files(hole_->mount);
    for (const MissingPart& part : missing_parts(*own, *remote_.files(hole_->mount), hole_->time)) {
      if (tried_.contains({to_string(part.row.name()), part.begin}) ||
          !callbacks_.fits(hole_->mount, part.as_row()))
        continue;
      begin(part);
      return;
    }
  }
  hole_done();
  next_hole();
}

void ArchiveFill::hole_done() {
  Rest& rest = rests_[hole_->mount];
  rest.files = host_.catalog.files(hole_->mount)->size();
  if (hole_->bytes == 0) {
    rest.last = std::clamp(rest.last * 2, kFirstRest, kLongestRest);
    rest.until = loop_.now() + rest.last;
    return;
  }
  rest = {};
  const std::int64_t seconds = hole_->ms / 1000;
  host_.log.info(kFillModule, cat({"archive ", hole_->mount, ": ", seconds,
                                   " s that were missing here are fetched from other nodes, ",
                                   hole_->bytes, " bytes"}));
  host_.told("archive-filled", hole_->mount, seconds);
}

// -- a file ---------------------------------------------------------------------------------------

void ArchiveFill::begin(const MissingPart& part) {
  tried_.emplace(to_string(part.row.name()), part.begin);
  job_ = std::make_unique<Job>();
  job_->part = part;
  remote_.load(hole_->mount, part.row,
               here([this](RemoteArchive::File file) { loaded(std::move(file)); }));
}

void ArchiveFill::loaded(RemoteArchive::File file) {
  if (!job_) return;
  const MissingPart& part = job_->part;
  if (!file || !(*file)->remote || !is_plausible((*file)->index, part.row, now_ms())) {
    job_done();
    next_part();
    return;
  }
  job_->file = std::move(*file);
  job_->marks =
      marks_of_part(job_->file->index, part, *host_.catalog.files(hole_->mount), kMaxAtOnce);
  if (!create()) {
    job_done();
    next_part();
    return;
  }
  fetch_more();
}

// Creates the file as a recording of that moment would have begun it.
bool ArchiveFill::create() {
  Job& job = *job_;
  const FileIndex& index = job.file->index;
  if (job.marks.first >= job.marks.last) return false;
  const FileMark& first = index.marks[job.marks.first];
  FileHead head = index.head;
  head.span.origin += first.offset;
  head.span.media.samples = first.samples;
  head.span.wall_ms = first.wall_ms;
  const ArchiveFileName name{head.span.wall_ms / 1000, short_id(head.span.id), head.span.origin};
  const Catalog::Files own = host_.catalog.files(hole_->mount);
  if (own->open() && own->open()->name() == name) return false;
  // A file with the same name begins with this one and is no longer than a seam: it is replaced.
  for (const FileRow& row : own->closed())
    if (row.name() == name) {
      host_.catalog.remove(hole_->mount, {row});
      unlink_file(host_.dir, hole_->mount, row);
      break;
    }
  auto made = SegmentFile::create(cat({host_.dir, "/", archive_directory(hole_->mount)}), head);
  if (!made) {
    host_.log.warn(kFillModule, cat({"archive ", hole_->mount, ": ", made.error().what,
                                     "; what is missing is fetched later"}));
    return false;
  }
  job.out = std::move(*made);
  job.next = job.marks.first + 1;
  if (const auto headers = index.headers_at(first.offset)) job.out->note_headers(0, *headers);
  std::shared_ptr<const Metadata> title;
  while (job.fact < index.facts.size() && index.facts[job.fact].offset <= first.offset) {
    if (index.facts[job.fact].metadata) title = index.facts[job.fact].metadata;
    ++job.fact;
  }
  if (title) job.out->note_title(0, *title);
  return true;
}

void ArchiveFill::fetch_more() {
  if (!job_ || !job_->out) return;
  Job& job = *job_;
  const auto& marks = job.file->index.marks;
  if (!wanted(hole_->mount)) {
    job_done();
    next_part();
    return;
  }
  const std::uint64_t from = marks[job.next - 1].offset;
  const std::uint64_t to = std::max(
      marks[job.next].offset, std::min(from + RemoteParts::kBlock, marks[job.marks.last].offset));
  remote_.fetch(job.file, from, to - from, here([this](bool good) { fetched(good); }));
}

void ArchiveFill::fetched(bool good) {
  if (!job_ || !job_->out) return;
  Job& job = *job_;
  const auto& marks = job.file->index.marks;
  bool whole = good;
  const std::size_t before = job.next;
  while (whole && job.next <= job.marks.last) {
    const std::uint64_t from = marks[job.next - 1].offset;
    if (!job.file->has(from, marks[job.next].offset - from)) break;
    whole = write_up_to(marks[job.next], from);
    if (whole) ++job.next;
  }
  job.idle = job.next > before ? 0 : job.idle + 1;
  if (whole && job.next <= job.marks.last && job.idle < kMaxIdle) {
    timer_.after(kPause);
    return;
  }
  job_done();
  next_part();
}

// Returns false if the bytes are wrong or cannot be written.
bool ArchiveFill::write_up_to(const FileMark& mark, std::uint64_t from) {
  Job& job = *job_;
  Bytes bytes(static_cast<std::size_t>(mark.offset - from));
  if (read_at(job.file->fd(), from, bytes) < bytes.size() || crc32c(bytes) != mark.crc) {
    host_.log.warn(kFillModule,
                   cat({"archive ", hole_->mount, ": bytes ", from, " to ", mark.offset, " of ",
                        to_string(job.part.row.name()),
                        " do not have the checksum of their index; they are fetched again later"}));
    return false;
  }
  note_facts(mark.offset);
  Result<void> done = job.out->append(bytes);
  if (done) done = job.out->mark(mark.samples, mark.wall_ms);
  if (done) return true;
  host_.log.warn(kFillModule, cat({"archive ", hole_->mount, ": ", done.error().what,
                                   "; what is missing is fetched later"}));
  return false;
}

void ArchiveFill::note_facts(std::uint64_t before) {
  Job& job = *job_;
  const FileIndex& index = job.file->index;
  const std::uint64_t begin = index.marks[job.marks.first].offset;
  for (; job.fact < index.facts.size() && index.facts[job.fact].offset <= before; ++job.fact) {
    const FileFact& fact = index.facts[job.fact];
    if (fact.headers)
      job.out->note_headers(fact.offset - begin, *fact.headers);
    else
      job.out->note_title(fact.offset - begin, *fact.metadata);
  }
}

// Whatever was written becomes a file of this node.
void ArchiveFill::job_done() {
  Job job = std::move(*job_);
  job_.reset();
  if (job.out) {
    const FileRow row = job.out->close();
    host_.catalog.close(hole_->mount, row);
    filled_bytes.fetch_add(row.bytes, std::memory_order_relaxed);
    hole_->bytes += row.bytes;
    hole_->ms += row.to_ms - row.from_ms;
  }
  job.file.reset();
  remote_.forget(hole_->mount, job.part.row);
}

}  // namespace lb
