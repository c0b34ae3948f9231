// ReaderPool: threads that wait for disks, so that workers do not: they read indexes, and bring
// parts of files into memory.
//
// Thread: run() and warm() from any thread; `then` is called on the loop that is named.
// Ownership: the threads and their loops are the caller's; they outlive what is posted.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "archive/archive_file.h"
#include "net/loop.h"

namespace lb {

class ReaderPool {
 public:
  // Of one piece that is brought into memory.
  static constexpr std::uint64_t kPiece = 256 * 1024;

  explicit ReaderPool(std::vector<Loop*> loops) : loops_(std::move(loops)) {}

  // On one of the threads.
  void run(Loop::Task task);
  // Reads a part of a file; then: on `home`.
  void warm(std::shared_ptr<const ArchiveFile> file, std::uint64_t offset, std::uint64_t bytes,
            Loop& home, Loop::Task then);

  // How often a part was in memory already, or had to be read.
  std::atomic<std::uint64_t> warm_reads{0}, disk_reads{0};

 private:
  const std::vector<Loop*> loops_;
  std::atomic<std::size_t> next_{0};
};

}  // namespace lb
