// RemoteRecordings: recordings of other nodes, and the passes by which nodes fetch this node's
// recordings; owns the thread of RemoteArchive.
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
  // The loop of its thread; null: it has not started.  On the main thread.
  Loop* loop() noexcept { return fetching_ ? &fetching_->loop() : nullptr; }
  // Whether its recordings are shared with other nodes.
  bool shares() const noexcept { return shares_.load(std::memory_order_relaxed); }

  // Answers to other nodes under way, and requests that block_stage() has refused.
  const std::shared_ptr<Gate> answers = std::make_shared<Gate>();
  std::atomic<std::uint64_t> refused{0}, answered{0};

 private:
  Loop& begin();

  const Clock& clock_;
  Log& log_;
  const unsigned thread_number_;
  std::unique_ptr<IoThread> fetching_;  // null: no node has sent recordings
  std::unique_ptr<Fetcher> fetcher_;
  std::unique_ptr<RemoteArchive> archive_;
  ArchivePasses passes_;
  std::atomic<bool> shares_{true};
};

}  // namespace lb
