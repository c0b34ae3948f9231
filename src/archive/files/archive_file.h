// ArchiveFile: one recorded file, ready to be played like a log: its index in memory, its bytes by
// a descriptor and a mapping.  Positions of its view are offsets in the file.
//
// Thread: loaded where reading may wait (ReaderPool); immutable afterwards, any thread.
// Ownership: shared; an object that sends from it holds it, so a removed file stays readable.
// Another node's file has only the fetched bytes (RemoteParts).
// Errors: kNotFound, kIo.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/files/catalog.h"
#include "archive/files/record.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "stream/log/stream_view.h"

namespace lb {

// RemoteParts: the fetched bytes of another node's recorded file: a sparse file in the cache or in
// memory, in blocks that are filled from their start.
// Thread: written on the thread of RemoteArchive; has() from any thread.
// Ownership: shared by RemoteArchive and the ArchiveFiles that are played from it.
// Bounds: the file has no name, so its bytes are freed with its last user.
// Errors: kIo; kInvalid: the bytes do not match the index.
class RemoteParts {
 public:
  static constexpr std::uint64_t kBlock = 256 * 1024;

  const std::string mount;

  // cache_dir "": in memory.
  static Result<std::shared_ptr<RemoteParts>> create(const std::string& cache_dir,
                                                     std::string mount);

  // Whether all of [offset, offset + bytes) has been fetched.
  bool has(std::uint64_t offset, std::uint64_t bytes) const noexcept;
  // The number of filled bytes of a block, from its start.
  std::uint64_t filled(std::uint64_t block) const noexcept;
  std::uint64_t bytes() const noexcept { return bytes_; }
  int fd() const noexcept { return fd_.get(); }

  // The file may be mapped up to here.
  Result<void> reserve(std::uint64_t end);
  // Writes bytes at filled() of a block.  Complete seconds are checked with the checksums of the
  // index; after an error their blocks are empty again.
  Result<void> put(std::uint64_t block, std::string_view bytes, const FileIndex& index);

 private:
  static constexpr std::size_t kChunk = 256;  // blocks
  using Chunk = std::array<std::atomic<std::uint32_t>, kChunk>;

  RemoteParts(std::string of, UniqueFd fd) : mount(std::move(of)), fd_(std::move(fd)) {}
  std::atomic<std::uint32_t>* cell(std::uint64_t block);
  Result<void> check(std::uint64_t from, std::uint64_t to, const FileIndex& index);
  void empty(std::uint64_t block);

  UniqueFd fd_;
  std::uint64_t end_ = 0, bytes_ = 0;
  // 64 MiB each: at most 4 GiB.
  std::array<std::atomic<Chunk*>, 64> chunks_{};
  std::vector<std::unique_ptr<Chunk>> owned_;
};

struct ArchiveFile : std::enable_shared_from_this<ArchiveFile> {
  FileRow row;
  FileIndex index;
  std::shared_ptr<const StreamView> view;  // [0, index.end())
  std::shared_ptr<RemoteParts> remote;     // null: a file of this node

  // Whether these bytes are on this machine, in memory or on disk.
  bool has(std::uint64_t offset, std::uint64_t bytes) const noexcept {
    return !remote || remote->has(offset, bytes);
  }
  int fd() const noexcept { return view->store->fd(); }
  std::uint64_t end() const noexcept { return view->end; }
  // Whether it is the same file, perhaps grown.
  bool is(const FileRow& other) const noexcept {
    return row.id == other.id && row.origin == other.origin && row.from_ms == other.from_ms;
  }
};

// Loads a file of this node, with its present marks.
Result<std::shared_ptr<const ArchiveFile>> load_archive_file(const std::string& dir,
                                                             const std::string& mount,
                                                             const FileRow& row);
// Makes a file with this index. data: its bytes, or space for them.  REQUIRES: the index has a mark
Result<std::shared_ptr<const ArchiveFile>> make_archive_file(const FileRow& row, FileIndex index,
                                                             UniqueFd data,
                                                             std::shared_ptr<RemoteParts> remote);

}  // namespace lb
