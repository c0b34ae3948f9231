// ArchiveService: the archive of this node: what is recorded, and what there is to play.
//
// Thread: made and stopped on the main thread; configure() and mount_begun() on control; catalog()
// and the numbers from any thread.
// Ownership: Services; it owns the thread that writes, which begins with the first configuration
// that has an archive, and those that read, which begin with the first work.
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

// What listeners are told of a recorded stream, where the mount does not play what it is.
std::shared_ptr<const SourceFacts> facts_of_past(const Clock& clock, const std::string& type);

class ArchiveService {
 public:
  explicit ArchiveService(Traffic& traffic);
  ~ArchiveService();

  void configure(const Config& config);
  // Settings of these mounts may be others: limits, and whether they are recorded.
  void records_changed(const std::vector<std::string>& mounts);
  void mount_begun(const std::shared_ptr<Mount>& mount);
  // Writes what has been published; the workers have ended.
  void stop();

  // -- of a hand-over, on control
  // Nothing is written until go_on(); then: on control, with what is handed over; nullopt: nothing
  // is recorded.
  void rest(UniqueFunction<void(std::optional<ArchiveRecord>)> then);
  void go_on();
  // Before configure(): of another process.
  Result<void> take_over(ArchiveRecord saved, FdsIn& fds);

  // False: nothing has been recorded since the start, or no directory is known.
  bool on() const noexcept { return on_.load(std::memory_order_acquire); }
  const Catalog& catalog() const noexcept { return catalog_; }
  // REQUIRES: on()
  ArchiveWriter& writer() noexcept { return *writer_; }
  ReaderPool& readers() noexcept { return *readers_; }
  RemoteRecordings& remote() noexcept { return *remote_; }
  // There is something of its past, here or at other nodes.
  bool has(const std::string& mount) const {
    return (on() && catalog_.files(mount)->size() > 0) || remote_->archive().holds(mount);
  }
  // The archive's directory is being read, and what it holds of the mount is not known yet.
  bool is_reading(const std::string& mount) const { return on() && catalog_.is_reading(mount); }
  // Unix ms: what was recorded before this was for another account, or none, that had the name of
  // the mount, or for a record that is deleted: it is for administrators.  0: nothing is.  Any
  // thread.
  // section: the one that is responsible for the mount; its own in the file shows all of its past
  std::int64_t past_begins_ms(const MountSettings& section, const std::string& mount) const;
  // The same of deleted records alone: nodes that have the record judge by it themselves.
  std::int64_t record_end_ms(const MountSettings& section, const std::string& mount) const;
  // Of its threads that have begun, for a test that turns them by hand (tests/simulation).
  std::vector<Loop*> loops();
  // Empty until it is on; the same object ever after.
  const std::string& dir() const noexcept { return dir_; }
  // The mount that plays now; null: none of this name.  Any thread.
  std::shared_ptr<Mount> live(const std::string& mount) const;
  // The files of a mount that are being fetched; any thread.
  std::shared_ptr<DownloadPlaces> downloads(const std::string& mount);

  // The mount of a name that does not play, for listeners of its past; in no table.  It is one for
  // all of them, so its limits hold, and commands find it; it goes with the last one.  Any thread.
  // sample: a file of its past.
  std::shared_ptr<Mount> off_air(const std::string& mount, const ArchiveFile& sample);
  std::shared_ptr<Mount> off_air(const std::string& mount, std::shared_ptr<const SourceFacts> facts,
                                 std::uint64_t bytes_per_second);
  // Null: none.
  std::shared_ptr<Mount> off_air(const std::string& mount) const;
  std::vector<std::shared_ptr<Mount>> off_air() const;

 private:
  ArchiveSettings settings_of(const Config& config) const;
  // False: no directory is known.
  bool begin_writer(const Config& config);
  void begin_running(const Mount& mount);
  void begin_all();
  std::vector<Loop*> begin_readers();
  void told(const char* event, const std::string& mount, std::int64_t seconds);

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
  std::map<std::string, std::shared_ptr<DownloadPlaces>>
      downloads_;  // of mounts that are recorded; none ever goes
  std::map<std::string, std::weak_ptr<Mount>> off_air_;
  std::atomic<bool> on_{false};
  bool logged_ = false;  // that no directory is known
};

}  // namespace lb
