// RemoteRecordings: what other nodes have recorded, and what they may fetch here: the thread of
// RemoteArchive, and the passes.
//
// Thread: made and stopped on the main thread; configure() on control; the rest from any thread.
// Ownership: ArchiveService.
#pragma once

#include <atomic>
#include <memory>

#include "app/process/io_thread.h"
#include "archive/files/passes.h"
#include "archive/remote/remote_archive.h"
#include "net/fetch/fetch.h"
#include "stream/mount/gate.h"

namespace lb {

struct Config;
struct Runtime;

class RemoteRecordings {
 public:
  // thread: its number among the loops.
  RemoteRecordings(Runtime& runtime, const Catalog& own, unsigned thread);
  ~RemoteRecordings();

  void configure(const Config& config);
  void stop();

  RemoteArchive& archive() noexcept { return *archive_; }
  ArchivePasses& passes() noexcept { return passes_; }
  // Of its thread; null: it has not begun.  On the main thread.
  Loop* loop() noexcept { return fetching_ ? &fetching_->loop() : nullptr; }
  // Its recordings are for other nodes too.
  bool shares() const noexcept { return shares_.load(std::memory_order_relaxed); }

  // Answers to other nodes that are under way, and what block_stage() has refused.
  const std::shared_ptr<Gate> answers = std::make_shared<Gate>();
  std::atomic<std::uint64_t> refused{0}, answered{0};

 private:
  Loop& begin();

  const Clock& clock_;
  Log& log_;
  const unsigned thread_number_;
  std::unique_ptr<IoThread> fetching_;  // null: no node has told of recordings
  std::unique_ptr<Fetcher> fetcher_;
  std::unique_ptr<RemoteArchive> archive_;
  ArchivePasses passes_;
  std::atomic<bool> shares_{true};
};

}  // namespace lb
