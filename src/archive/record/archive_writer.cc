#include "archive/record/archive_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

#include "archive/files/scan.h"
#include "archive/record/archive_fill.h"
#include "archive/record/recording_record.h"
#include "base/cat.h"
#include "stream/mount/mount.h"
#include "stream/mount/moved_fd.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kWriteTick = 500ms, kHurriedTick = 100ms;
// Limits how long one recording delays the others.
constexpr std::size_t kRecordBudget = 1 << 20;
constexpr std::string_view kArchiveModule = "archive/writer";

// The source may have sent for a while before this call, so recording begins with its stream if the
// log still has the first byte.
std::uint64_t first_position(const StreamView& view) {
  if (view.end == view.begin || view.seam >= view.end) return view.end;
  const StreamSpan* first = view.span_at(view.end - 1);
  if (first == nullptr) return view.end;
  while (first->begin > view.begin) {
    const StreamSpan* const before = view.span_at(first->begin - 1);
    if (before == nullptr || before->id != first->id) break;
    first = before;
  }
  const std::uint64_t begin = std::max(first->begin, view.begin);
  return first->origin_of(begin) == 0 ? begin : view.end;
}

}  // namespace

ArchiveWriter::ArchiveWriter(Loop& loop, Log& log, Catalog& catalog, Callbacks callbacks,
                             RemoteArchive* remote)
    : loop_(loop),
      callbacks_(std::move(callbacks)),
      host_{loop.clock(), log, catalog, {}, callbacks_.told},
      taken_(std::make_unique<TakenArchive>()),
      clock_trust_(loop.clock()),
      timer_(loop, [this] { tick(); }),
      retention_timer_(loop, [this] { retain(); }),
      removal_timer_(loop, [this] { remove_doomed(); }) {
  catalog.begin_reading();
  if (remote == nullptr) return;
  ArchiveFill::Callbacks fill;
  fill.settings_of = callbacks_.settings_of;
  fill.fits = [this](const std::string& mount, const FileRow& row) { return fits(mount, row); };
  fill_ = std::make_unique<ArchiveFill>(loop, host_, *remote, std::move(fill));
}

ArchiveWriter::~ArchiveWriter() = default;

void ArchiveWriter::configure(ArchiveSettings settings) {
  loop_.post([this, settings = std::move(settings)]() mutable {
    const bool first = host_.dir.empty() && !settings.dir.empty();
    if (settings.sources != settings_.sources) from_sources_ = {};
    settings_ = std::move(settings);
    if (first) {
      host_.dir = settings_.dir;
      usable_ = open_directory();
      if (usable_) scan();
      host_.catalog.end_reading();
      continue_recordings();
      if (usable_) retain();
    }
    if (usable_ && fill_) fill_->configure(settings_.fills);
  });
}

// The lock prevents that a second writer takes open files for those of a dead process.
bool ArchiveWriter::open_directory() {
  const auto failed = [this](const std::string& what) {
    host_.log.error(kArchiveModule,
                    cat({"archive ", host_.dir, ": ", what, "; nothing is recorded"}));
    return false;
  };
  std::error_code ignored;  // mkdir() reports the failure
  std::filesystem::create_directories(std::filesystem::path(host_.dir).parent_path(), ignored);
  if (::mkdir(host_.dir.c_str(), 0755) != 0 && errno != EEXIST) return failed(std::strerror(errno));
  // flock() belongs to the open file, which both processes of a hand-over share.  The lock of
  // another directory is released, so that a later process can use that directory.
  UniqueFd handed = std::move(taken_->lock);
  if (handed && taken_->dir == host_.dir) {
    lock_ = std::move(handed);
  } else {
    lock_.reset(
        ::open((host_.dir + "/.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!lock_) return failed(std::strerror(errno));
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0)
      return failed(cat({"another server writes there (", std::strerror(errno), ")"}));
  }
  gone_.emplace(host_.dir, lock_.get());
  return true;
}

void ArchiveWriter::scan() {
  std::size_t files = 0;
  std::int64_t newest_ms = 0;
  std::set<std::string> open;
  std::multimap<std::string_view, TakenRecording*> taken;
  for (TakenRecording& one : taken_->recordings) {
    if (one.saved.file) open.insert(one.saved.file->path);
    if (one.mount) taken.emplace(one.mount->name(), &one);
  }
  for (const std::string& mount : archived_mounts(host_.dir)) {
    const ScannedFiles found = scan_mount(host_.dir, mount, open);
    for (const std::string& path : found.mended)
      host_.log.info(kArchiveModule,
                     cat({"archive ", mount, ": made whole after a crash: ", path}));
    for (const std::string& what : found.broken)
      host_.log.error(kArchiveModule, cat({"archive ", mount, ": not readable: ", what}));
    if (const auto& others = found.other_versions; !others.empty())
      host_.log.warn(kArchiveModule, cat({"archive ", mount, ": ", others.size(),
                                          " files of another version of the format are left as "
                                          "they are, and are not played; one is ",
                                          others.front()}));
    const PastOwner owner = read_past_owner(host_.dir, mount, unix_ms(loop_.clock().wall()));
    if (owner != PastOwner{}) host_.catalog.set_owner(mount, owner);
    host_.catalog.add(mount, found.rows);
    host_.catalog.note_end(mount, found.end);
    files += found.rows.size();
    if (!found.rows.empty()) newest_ms = std::max(newest_ms, found.rows.back().to_ms);
    // The hand-over goes on right after the scan: the mount counts as read, and `found` lacks the
    // file still being written.
    for (auto [one, end] = taken.equal_range(mount); one != end; ++one)
      record(std::move(one->second->mount), one->second->saved, std::move(one->second->data),
             std::move(one->second->index));
  }
  clock_trust_.begin(settings_.clock_file, [newest_ms] {
    return newest_ms > 0 ? std::optional(wall_time(newest_ms / 1000)) : std::nullopt;
  });
  host_.log.info(kArchiveModule, cat({"archive ", host_.dir, ": ", files, " files, ",
                                      host_.catalog.bytes(), " bytes"}));
}

std::uint64_t ArchiveWriter::filled_bytes() const noexcept {
  return fill_ ? fill_->filled_bytes.load(std::memory_order_relaxed) : 0;
}

void ArchiveWriter::take_over(TakenArchive taken) {
  loop_.post([this, taken = std::make_shared<TakenArchive>(std::move(taken))] {
    *taken_ = std::move(*taken);
  });
}

void ArchiveWriter::continue_recordings() {
  for (TakenRecording& one : std::exchange(taken_->recordings, {})) {
    if (!one.mount) continue;  // it was continued after its mount's scan
    if (usable_) {
      record(one.mount, one.saved, std::move(one.data), std::move(one.index));
    } else {
      Channel& channel = one.mount->channel();
      channel.set_low_water(channel.recording_slot(), Channel::kNoReader);
    }
  }
  for (const RemovedRecord& one : std::exchange(taken_->removed, {}))
    if (fill_) fill_->removed(one.mount, one.from_ms, one.to_ms);
  if (!recordings_.empty()) timer_.after(kWriteTick);
}

// Writes what has come so far, so that less waits in the log during the hand-over.
void ArchiveWriter::rest(std::function<void(std::optional<ArchiveRecord>)> done) {
  loop_.post([this, done = std::move(done)] {
    rests_ = true;
    timer_.cancel();
    retention_timer_.cancel();
    removal_timer_.cancel();
    if (!usable_) return done(std::nullopt);
    ArchiveRecord saved;
    saved.dir = host_.dir;
    saved.lock = static_cast<MovedFd>(lock_.get());
    if (fill_) {
      saved.removed = fill_->removed();
      fill_->stop();
    }
    resting_.clear();
    for (auto at = recordings_.begin(); at != recordings_.end();) {
      const bool over = at->second.advance(kRecordBudget) == Recording::Progress::kOver;
      if (!over) {
        saved.recordings.push_back(at->second.save());
        resting_.push_back(at->second.mount());
      }
      at = over ? recordings_.erase(at) : std::next(at);
    }
    done(std::move(saved));
  });
}

// The next process has no mount of a stream that has ended, or a later one of the same name.
std::string ArchiveWriter::cannot_move() const {
  for (const auto& mount : resting_)
    if (mount->channel().newest()->ended)
      return cat({"the recording of ", mount->name(), " ends at this moment"});
  return {};
}

void ArchiveWriter::go_on() {
  loop_.post([this] {
    resting_.clear();
    if (!std::exchange(rests_, false) || !usable_) return;
    if (!recordings_.empty()) timer_.after(kWriteTick);
    retention_timer_.after(retains_soon_ ? kRetentionPause : kRetentionTick);
    if (fill_) fill_->configure(settings_.fills);
  });
}

void ArchiveWriter::begin(const std::shared_ptr<Mount>& mount, From from) {
  Channel& channel = mount->channel();
  const auto view = channel.newest();
  const std::uint64_t position = from == From::kNow ? view->end : first_position(*view);
  // From here on the window keeps the bytes that are to be written.
  if (channel.low_water_of(channel.recording_slot()) == Channel::kNoReader) {
    channel.set_recorded_from(position);
    channel.set_low_water(channel.recording_slot(), position);
  }
  loop_.post([this, mount, position] { add(mount, position); });
}

void ArchiveWriter::add(const std::shared_ptr<Mount>& mount, std::uint64_t position) {
  for (auto [one, end] = recordings_.equal_range(mount->name()); one != end; ++one)
    if (one->second.mount() == mount) return;  // a new source: the view has its spans
  Channel& channel = mount->channel();
  const bool named = !archive_directory(mount->name()).empty();
  if (!usable_ || !named || is_too_new(*mount)) {
    channel.set_low_water(channel.recording_slot(), Channel::kNoReader);
    if (unsigned held = 0; !named && begins_.of(mount->name()).pass(loop_.now(), held))
      host_.log.error(kArchiveModule, cat({"archive ", mount->name(),
                                           ": its name is too long for a directory; it is not "
                                           "recorded"}));
    return;
  }
  note_owner(mount->name());
  finish_before(mount->name());
  log_begin(record(mount, position));
  if (!timer_.armed() && !rests_) timer_.after(kWriteTick);
}

template <typename... More>
Recording& ArchiveWriter::record(std::shared_ptr<Mount> mount, More&&... more) {
  std::string name = mount->name();
  return recordings_
      .emplace(std::piecewise_construct, std::forward_as_tuple(std::move(name)),
               std::forward_as_tuple(host_, std::move(mount), std::forward<More>(more)...))
      ->second;
}

// Until the next turn each source that has gone would hold its log's descriptor and memory.
void ArchiveWriter::finish_before(const std::string& mount) {
  if (rests_) return;
  for (auto [at, end] = recordings_.equal_range(mount); at != end;) {
    Recording& one = at->second;
    const bool over = one.mount()->channel().newest()->ended &&
                      one.advance(kRecordBudget) == Recording::Progress::kOver;
    if (over) log_end(one);
    at = over ? recordings_.erase(at) : std::next(at);
  }
}

// Of a source that logs in again and again most begins and their ends are only counted.
void ArchiveWriter::log_begin(Recording& one) {
  const std::string& mount = one.mount()->name();
  unsigned held = 0;
  one.is_logged = host_.log.enabled(LogLevel::kDebug) || begins_.of(mount).pass(loop_.now(), held);
  if (!one.is_logged) return;
  const std::string more =
      held > 0 ? cat({" (", held, " recordings before it are not in this log)"}) : std::string();
  host_.log.info(kArchiveModule, cat({"archive ", mount, ": recording to ", host_.dir, "/",
                                      archive_directory(mount), more}));
}

void ArchiveWriter::log_end(const Recording& one, std::string_view why) {
  if (!one.is_logged) return;
  host_.log.info(kArchiveModule, cat({"archive ", one.mount()->name(), ": recording ended", why}));
}

// Whether the name has no section and no recordings, because a source or a master invented it.
bool ArchiveWriter::is_too_new(const Mount& mount) {
  const bool relayed = mount.facts() && mount.facts()->relayed;
  if (!callbacks_.has_section || callbacks_.has_section(mount.name()) ||
      host_.catalog.files(mount.name())->size() > 0)
    return false;
  const unsigned most = relayed ? kNewOfRelays : std::max(kNewOfSources, settings_.sources);
  if ((relayed ? from_relays_ : from_sources_).take(loop_.now(), Rate::an_hour(most))) return false;
  if (refused_++ == 0)
    host_.log.warn(kArchiveModule,
                   cat({"archive ", mount.name(), ": ", most,
                        " mounts with new names, which no <mount> has, are recorded in an hour, "
                        "and as many have come; this one, and others like it, are not recorded "
                        "yet"}));
  return true;
}

void ArchiveWriter::tick() {
  bool more = false, hurried = false;
  std::int64_t lag_ms = 0, paused = 0;
  const SteadyTime now = loop_.now();
  bool full = false;
  for (auto at = recordings_.begin(); at != recordings_.end();) {
    // Recording that is switched off ends at once, even in the middle of a stream.
    auto& [name, one] = *at;
    const bool wanted = callbacks_.settings_of(name).enabled;
    if (!wanted) one.finish();
    const bool was_paused = one.paused();
    const auto progress = wanted ? one.advance(kRecordBudget) : Recording::Progress::kOver;
    full |= one.paused() && !was_paused;
    if (progress == Recording::Progress::kOver) {
      log_end(one, wanted ? "" : ", because it was switched off");
      at = recordings_.erase(at);
      continue;
    }
    more |= progress == Recording::Progress::kMore;
    hurried |= one.hurries();
    paused += one.paused() ? 1 : 0;
    if (one.ended_large()) retain_soon();
    lag_ms = std::max(lag_ms, one.lag_ms());
    ++at;
  }
  numbers_.lag_ms.store(recordings_.empty() ? 0 : lag_ms, std::memory_order_relaxed);
  numbers_.paused.store(paused, std::memory_order_relaxed);
  numbers_.recording.store(static_cast<std::int64_t>(recordings_.size()),
                           std::memory_order_relaxed);
  if (full && now - retained_ >= kRetentionPause) retain();
  if (!recordings_.empty())
    timer_.after(more ? std::chrono::milliseconds(0) : hurried ? kHurriedTick : kWriteTick);
}

void ArchiveWriter::finish_all() {
  loop_.post([this] {
    timer_.cancel();
    retention_timer_.cancel();
    removal_timer_.cancel();
    if (fill_) fill_->stop();
    for (auto& [name, one] : recordings_) one.finish();
    recordings_.clear();
  });
}

}  // namespace lb
