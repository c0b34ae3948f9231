// ReaderPool: threads that wait for disks, so that workers do not: they read indexes, and bring
// parts of files into memory.
//
// What another node has recorded comes by RemoteArchive instead, and no thread waits for it.
//
// Thread: run(), load() and warm() from any thread; `then` is called on the loop that is named.
// Two that open the same file at once may both load it.
// Ownership: the threads and their loops are the caller's; they outlive what is posted.
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
  using File = std::shared_ptr<const ArchiveFile>;  // null: it cannot be had
  // Of one piece that is brought into memory.
  static constexpr std::uint64_t kPiece = 256 * 1024;

  explicit ReaderPool(std::vector<Loop*> loops) : loops_(std::move(loops)) {}
  // begin: makes the threads, with the first work.
  explicit ReaderPool(std::function<std::vector<Loop*>()> begin) : begin_(std::move(begin)) {}

  // Before the first use; null: files of other nodes are not played.
  void set_remote(RemoteArchive* remote) noexcept { remote_ = remote; }
  // Before the first use.  A file of this node that the catalog tells of is not there; on the
  // thread of open().
  void set_missing(std::function<void(const std::string& mount)> missing) {
    missing_ = std::move(missing);
  }

  // A file of this node that others may have open, at least as much of it as the row tells of;
  // where reading may wait.
  File open(const std::string& dir, const std::string& mount, const FileRow& row);
  // They have been removed: their space is free when those that read them have ended.
  void let_go(const std::string& mount, const std::vector<FileRow>& rows);
  // Null: files of other nodes are not played.
  RemoteArchive* remote() const noexcept { return remote_; }
  // On one of the threads.
  void run(Loop::Task task);
  // A file of this node, or of another one; then: on `home`.
  void load(const std::string& dir, const std::string& mount, const FileRow& row, Loop& home,
            UniqueFunction<void(File)> then);
  // Brings a part of a file into memory; waits for the disk, on the caller's thread.
  static void read(const ArchiveFile& file, std::uint64_t offset, std::uint64_t bytes);
  // Reads a part of a file; then: on `home`.  Of another node's file it may not be there then:
  // ArchiveFile::has().
  void warm(File file, std::uint64_t offset, std::uint64_t bytes, Loop& home, Loop::Task then);

  // How often a part was in memory already, or had to be read, or fetched.
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
