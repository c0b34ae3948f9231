// ArchiveWriter: records mounts, and manages the archive's directory: scan at the start, and
// retention.
//
// Thread: one loop of its own, where write(2) and directories may wait for a disk.  begin(),
// configure(), remove(), sections_changed(), check_soon() and finish_all() may be called from any
// thread.
// Ownership: a recording holds its mount until the stream has ended and is written.
// Order: the directory is scanned before the first file is written, and retention runs in between.
// Bounds: a turn removes kRemovedATurn files by retention, as removing hundreds of thousands takes
// minutes, in which each recording would lose what its window cannot hold.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "archive/files/retention.h"
#include "archive/files/settings.h"
#include "archive/record/recording.h"
#include "base/clock.h"
#include "base/rate_limit.h"
#include "base/unique_fd.h"
#include "net/loop/loop.h"

namespace lb {

class ArchiveFill;
struct ArchiveRecord;
class RemoteArchive;
struct TakenArchive;

class ArchiveWriter {
 public:
  // How many mounts without a section may be recorded for the first time within an hour.  Without
  // this limit a login that may use any name could leave a directory and two files for each
  // invented name, thousands a second.  For encoders; a higher <sources> counts instead, so that
  // all sources find a place.
  static constexpr unsigned kNewOfSources = 100;
  // For relays; a master lists as many.
  static constexpr unsigned kNewOfRelays = 10'000;
  static constexpr std::size_t kRemovedATurn = 256;

  struct Callbacks {
    // The section responsible for a mount; on this thread.
    std::function<MountArchive(const std::string& mount)> settings_of;
    // As in RecordingHost.
    std::function<void(const char* event, const std::string& mount, std::int64_t seconds)> told;
    // Files were removed; on this thread.  May be empty.
    std::function<void(const std::string& mount, const std::vector<FileRow>& rows)> removed = {};
    // Whether a section or a record is for exactly this name; on this thread.  Empty: always true.
    std::function<bool(const std::string& mount)> has_section = {};
    // Mounts whose new names were refused may begin again; on this thread.
    std::function<void()> may_begin = {};
    // Whether settings_of() is final.  False: another section may still come for the mount, so only
    // the limits of all mounts hold; on this thread, before settings_of().  Empty: always true.
    std::function<bool(const std::string& mount)> section_known = {};
  };
  // Statistics; any thread.
  struct Numbers {
    std::atomic<std::int64_t> lag_ms{0}, paused{0}, recording{0};
  };

  // The catalog counts as being read until configure() has read the directory, or failed. remote:
  // null: nothing is filled from other nodes.
  ArchiveWriter(Loop& loop, Log& log, Catalog& catalog, Callbacks callbacks,
                RemoteArchive* remote = nullptr);
  ~ArchiveWriter();
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;

  // The first directory stays: another one needs a restart.
  void configure(ArchiveSettings settings);
  // A source has begun to write `mount`.  A recording under way goes on.
  enum class From : std::uint8_t { kItsBegin, kNow };
  void begin(const std::shared_ptr<Mount>& mount, From from = From::kItsBegin);
  // Removes closed files within [from, to). done: their number; on this thread.
  void remove(std::string mount, std::int64_t from_ms, std::int64_t to_ms,
              std::function<void(std::size_t files)> done);
  // The sections of these mounts may have changed: their owners are stored, and files beyond their
  // limits are removed within seconds.
  void sections_changed(std::vector<std::string> mounts);
  // A file of it was missing: files removed by other programs are found within seconds, otherwise
  // within a minute.
  void check_soon(const std::string& mount);
  // Writes all published bytes and closes the files.
  void finish_all();

  // -- of a hand-over
  // Nothing is written, read or removed until go_on(). done: called on this thread with the record,
  // whose descriptors are this process's; nullopt: no directory.
  void rest(std::function<void(std::optional<ArchiveRecord>)> done);
  // On control, between done() and go_on(): why the record cannot be used; "": it can.
  std::string cannot_move() const;
  void go_on();
  // Before configure(): takes the former process's recordings.
  void take_over(TakenArchive taken);

  const Numbers& numbers() const noexcept { return numbers_; }
  std::uint64_t skipped_bytes() const noexcept {
    return host_.skipped_bytes.load(std::memory_order_relaxed);
  }
  std::uint64_t filled_bytes() const noexcept;
  // On its loop.  Null: filling is off.
  ArchiveFill* fill() noexcept { return fill_.get(); }
  std::size_t running() const noexcept { return recordings_.size(); }

 private:
  static constexpr std::chrono::seconds kRetentionTick{60};
  // Retention runs at once on a full disk, but not at each tick.
  static constexpr std::chrono::seconds kRetentionPause{5};

  bool open_directory();
  void continue_recordings();
  void scan();
  void add(const std::shared_ptr<Mount>& mount, std::uint64_t position);
  template <typename... More>
  Recording& record(std::shared_ptr<Mount> mount, More&&... more);
  void finish_before(const std::string& mount);
  void log_begin(Recording& one);
  void log_end(const Recording& one, std::string_view why = {});
  bool is_too_new(const Mount& mount);
  void tick();
  RetentionInput retention_input() const;
  MountArchive limits_of(const std::string& mount) const;
  bool knows_section(const std::string& mount) const {
    return !callbacks_.section_known || callbacks_.section_known(mount);
  }
  bool fits(const std::string& mount, const FileRow& row) const;
  void retain_soon();
  void retain();
  void remove_doomed();
  void note_owner(const std::string& mount);
  void remove_files(const std::string& mount, const std::vector<FileRow>& rows);
  void find_gone();
  void find_gone(const std::string& mount);

  Loop& loop_;
  Callbacks callbacks_;
  RecordingHost host_;
  ArchiveSettings settings_;
  bool usable_ = false;
  UniqueFd lock_;
  std::unique_ptr<TakenArchive> taken_;
  bool rests_ = false;
  std::vector<std::shared_ptr<const Mount>> resting_;  // those of the record
  std::optional<GoneFiles> gone_;
  std::set<std::string> suspected_;  // mounts that are checked first
  std::string unchecked_;            // the mount with which the next check begins
  // By name: one that has ended may not be written yet when the next one begins, behind it.
  std::multimap<std::string, Recording, std::less<>> recordings_;
  SteadyTime retained_{};
  KeptClockTrust clock_trust_;
  bool retains_soon_ = false;
  std::deque<DoomedFile> doomed_;  // by the last retention
  std::size_t doomed_removed_ = 0;
  std::set<std::string> unnoted_;  // mounts whose owner could not be written
  RateLimit from_sources_, from_relays_;
  std::size_t refused_ = 0;  // since the last retention
  RepeatGuards begins_{20};  // logged ones, by mount
  Numbers numbers_;
  Timer timer_;
  Timer retention_timer_, removal_timer_;
  std::unique_ptr<ArchiveFill> fill_;
};

}  // namespace lb
