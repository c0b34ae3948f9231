// ArchiveService: the archive of this node: the recorded files, and playing from them.
//
// Thread: made and stopped on the main thread; configure() and mount_begun() on control; catalog()
// and the numbers from any thread.
// Ownership: Services.  The writing thread starts with the first configuration that has an archive,
// the reading threads with their first work.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/process/io_thread.h"
#include "app/services/remote_recordings.h"
#include "archive/files/catalog.h"
#include "archive/read/download_places.h"
#include "archive/read/reader_pool.h"

namespace lb {

struct ArchiveRecord;
struct ArchiveSettings;
class ArchiveWriter;
struct Config;
class FdsIn;
class Mount;
struct MountSettings;
struct SourceFacts;
struct TakenArchive;
struct Traffic;

// The facts for listeners of a recorded stream, where the mount does not play the same type.
std::shared_ptr<const SourceFacts> facts_of_past(const Clock& clock, const std::string& type);

class ArchiveService {
 public:
  explicit ArchiveService(Traffic& traffic);
  ~ArchiveService();

  void configure(const Config& config);
  // Limits of these mounts, or whether they are recorded, may have changed.
  void records_changed(const std::vector<std::string>& mounts);
  void mount_begun(const std::shared_ptr<Mount>& mount);
  // Writes all that has been published.  REQUIRES: the workers have ended
  void stop();

  // -- of a hand-over, on control
  // Stops writing until go_on().  `then` is called on control with the state to hand over; nullopt:
  // nothing is recorded.
  void rest(UniqueFunction<void(std::optional<ArchiveRecord>)> then);
  std::string cannot_move() const;  // why that state cannot be used; "": it can
  void go_on();
  // Takes over the state of the former process.  REQUIRES: before configure()
  Result<void> take_over(ArchiveRecord saved, FdsIn& fds);

  // False: nothing has been recorded since the start, or no directory is known.
  bool on() const noexcept { return on_.load(std::memory_order_acquire); }
  const Catalog& catalog() const noexcept { return catalog_; }
  // REQUIRES: on()
  ArchiveWriter& writer() noexcept { return *writer_; }
  ReaderPool& readers() noexcept { return *readers_; }
  RemoteRecordings& remote() noexcept { return *remote_; }
  // Whether some of the mount's past is here or at other nodes.
  bool has(const std::string& mount) const {
    return (on() && catalog_.files(mount)->size() > 0) || remote_->archive().holds(mount);
  }
  // True while the archive's directory is read and the mount's files are not known yet.
  bool is_reading(const std::string& mount) const { return on() && catalog_.is_reading(mount); }
  // Unix ms: recordings before this moment belonged to another account with the mount's name, to
  // none, or to a deleted record, so only administrators may hear them.  0: no limit.  Any thread.
  // section: the mount's; a mount with its own section in the file shows all of its past
  std::int64_t past_begins_ms(const MountSettings& section, const std::string& mount) const;
  // The same moment for deleted records alone: nodes that have the record decide about other
  // accounts.
  std::int64_t record_end_ms(const MountSettings& section, const std::string& mount) const;
  // The loops of the threads that run, for a test that runs them by hand (tests/simulation).
  std::vector<Loop*> loops();
  // Empty until on(), constant afterwards.
  const std::string& dir() const noexcept { return dir_; }
  // The mount that plays now; null: there is no such mount.  Any thread.
  std::shared_ptr<Mount> live(const std::string& mount) const;
  // The places for downloads of a mount; any thread.
  std::shared_ptr<DownloadPlaces> downloads(const std::string& mount);
  // The places of this node for searches of titles that need no login; any thread.
  static constexpr unsigned kTitleSearches = 4;
  DownloadPlaces& title_searches() noexcept { return *title_searches_; }

  // A mount that does not play, made for listeners of its past and in no table.  All of them share
  // one, so its limits hold and commands find it; it ends with the last listener.  Any thread.
  // sample: a file of its past.
  std::shared_ptr<Mount> off_air(const std::string& mount, const ArchiveFile& sample);
  std::shared_ptr<Mount> off_air(const std::string& mount, std::shared_ptr<const SourceFacts> facts,
                                 std::uint64_t bytes_per_second);
  // Null: it has no listeners.
  std::shared_ptr<Mount> off_air(const std::string& mount) const;
  std::vector<std::shared_ptr<Mount>> off_air() const;

 private:
  ArchiveSettings settings_of(const Config& config) const;
  // False: no directory is known, or the thread did not start.
  bool begin_writer(const Config& config);
  void begin_running(const Mount& mount);
  void begin_all();
  std::vector<Loop*> begin_readers();
  void told(const char* event, const std::string& mount, std::int64_t seconds);
  bool knows_section(const std::string& mount) const;

  Traffic& traffic_;
  std::unique_ptr<IoThread> thread_;
  Catalog catalog_;
  std::unique_ptr<ArchiveWriter> writer_;
  std::vector<std::unique_ptr<IoThread>> reader_threads_;
  std::unique_ptr<RemoteRecordings> remote_;
  std::unique_ptr<ReaderPool> readers_;
  std::string dir_;  // written once, before on_
  std::unique_ptr<TakenArchive> taken_;
  mutable std::mutex mutex_;
  std::map<std::string, std::weak_ptr<DownloadPlaces>> downloads_;  // by recorded mount
  const std::shared_ptr<DownloadPlaces> title_searches_ = std::make_shared<DownloadPlaces>();
  std::map<std::string, std::weak_ptr<Mount>> off_air_;
  std::atomic<bool> on_{false};
  bool logged_ = false;  // a missing directory has been logged
};

}  // namespace lb
