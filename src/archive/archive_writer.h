// ArchiveWriter: records mounts, and keeps the archive's directory: what is there at the start, and
// what has to go.
//
// Thread: one loop of its own, where write(2) and directories may wait for a disk.  begin(),
// configure(), remove() and finish_all() may be called from any thread.
// Ownership: a recording holds its mount until the stream has ended and all of it is written.
// Order: what is there is scanned before the first file is written, and retention runs in between.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "archive/recording.h"
#include "archive/settings.h"
#include "base/unique_fd.h"
#include "net/loop.h"

namespace lb {

class ArchiveWriter {
 public:
  struct Callbacks {
    // The section that is responsible for a mount; on this thread.
    std::function<MountArchive(const std::string& mount)> settings_of;
    // As in RecordingHost.
    std::function<void(const char* event, const std::string& mount, std::int64_t seconds)> told;
  };
  // What it does, for statistics; from any thread.
  struct Numbers {
    std::atomic<std::int64_t> lag_ms{0}, paused{0}, recording{0};
  };

  ArchiveWriter(Loop& loop, Log& log, Catalog& catalog, Callbacks callbacks);
  ~ArchiveWriter();
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;

  // The directory of the first call with one stays: another needs a restart.
  void configure(ArchiveSettings settings);
  // A source begins to write `mount` at the end of what it has published.  One that is recorded
  // already goes on.
  void begin(const std::shared_ptr<Mount>& mount);
  // Of all files that are closed and lie within [from, to).  done: how many went; on this thread.
  void remove(std::string mount, std::int64_t from_ms, std::int64_t to_ms,
              std::function<void(std::size_t files)> done);
  // Writes what has been published, and closes everything.
  void finish_all();

  const Numbers& numbers() const noexcept { return numbers_; }
  std::uint64_t skipped_bytes() const noexcept {
    return host_.skipped_bytes.load(std::memory_order_relaxed);
  }
  // On its loop.
  std::size_t running() const noexcept { return recordings_.size(); }

 private:
  bool open_directory();
  void scan();
  void add(const std::shared_ptr<Mount>& mount, std::uint64_t position);
  void tick();
  void retain();
  void remove_files(const std::string& mount, const std::vector<FileRow>& rows);

  Loop& loop_;
  Callbacks callbacks_;
  RecordingHost host_;
  ArchiveSettings settings_;
  bool usable_ = false;
  UniqueFd lock_;
  std::list<Recording> recordings_;
  SteadyTime retained_{};
  Numbers numbers_;
  Timer timer_;
  Timer retention_timer_;
};

}  // namespace lb
