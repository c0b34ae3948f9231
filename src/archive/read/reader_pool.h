// ReaderPool: threads that read indexes and bring parts of files into memory, so that workers do
// not wait for disks.
//
// Other nodes' recordings come from RemoteArchive, for which no thread waits.
//
// Thread: run(), load() and warm() from any thread; `then` is called on the given loop.  Two calls
// for one file at once may both load it.
// Ownership: the caller owns threads and loops, which outlive posted tasks.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "archive/remote/remote_archive.h"
#include "net/loop/loop.h"

namespace lb {

class ReaderPool {
 public:
  using File = std::shared_ptr<const ArchiveFile>;  // null: unavailable
  // The size of one piece brought into memory.
  static constexpr std::uint64_t kPiece = 256 * 1024;

  explicit ReaderPool(std::vector<Loop*> loops) : loops_(std::move(loops)) {}
  // begin: makes the threads, at the first use.
  explicit ReaderPool(std::function<std::vector<Loop*>()> begin) : begin_(std::move(begin)) {}

  // Before the first use; null: other nodes' files are not played.
  void set_remote(RemoteArchive* remote) noexcept { remote_ = remote; }
  // Before the first use.  Called on the thread of open() for a file of the catalog that is
  // missing.
  void set_missing(std::function<void(const std::string& mount)> missing) {
    missing_ = std::move(missing);
  }

  // A file of this node, perhaps already open, with at least the row's bytes; may wait for a disk.
  File open(const std::string& dir, const std::string& mount, const FileRow& row);
  // The files were removed: their space is free when their readers have ended.
  void let_go(const std::string& mount, const std::vector<FileRow>& rows);
  // Null: other nodes' files are not played.
  RemoteArchive* remote() const noexcept { return remote_; }
  // Runs a task on one of the threads.
  void run(Loop::Task task);
  // Loads a file of this or another node; then: on `home`.
  void load(const std::string& dir, const std::string& mount, const FileRow& row, Loop& home,
            UniqueFunction<void(File)> then);
  // Brings a part of a file into memory; waits for the disk on the caller's thread.
  static void read(const ArchiveFile& file, std::uint64_t offset, std::uint64_t bytes);
  // Reads a part of a file; then: on `home`.  A part of another node's file may still be missing
  // then: ArchiveFile::has().
  void warm(File file, std::uint64_t offset, std::uint64_t bytes, Loop& home, Loop::Task then);

  // How often a part was already in memory, was read, or was fetched.
  std::atomic<std::uint64_t> warm_reads{0}, disk_reads{0}, remote_reads{0};

 private:
  FileCache cache_;
  std::function<void(const std::string& mount)> missing_;
  const std::function<std::vector<Loop*>()> begin_;
  std::once_flag begun_;
  std::vector<Loop*> loops_;
  RemoteArchive* remote_ = nullptr;
  std::atomic<std::size_t> next_{0};
};

}  // namespace lb
