// RemoteParts: the bytes of another node's recorded file that have been fetched so far: a sparse
// file of the cache, or of memory, in blocks that fill from their begin.
//
// Thread: written on the thread of RemoteArchive; has() from any thread.
// Ownership: shared by RemoteArchive and the ArchiveFiles that are played from it.
// Bounds: the file has no name, so its bytes go with its last user.
// Errors: kIo; kInvalid: the bytes are not those that the index tells of.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/files/record.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace lb {

class RemoteParts {
 public:
  static constexpr std::uint64_t kBlock = 256 * 1024;

  const std::string mount;

  // cache_dir "": in memory.
  static Result<std::shared_ptr<RemoteParts>> create(const std::string& cache_dir,
                                                     std::string mount);

  // All of [offset, offset + bytes).
  bool has(std::uint64_t offset, std::uint64_t bytes) const noexcept;
  // Of a block, from its begin.
  std::uint64_t filled(std::uint64_t block) const noexcept;
  std::uint64_t bytes() const noexcept { return bytes_; }
  int fd() const noexcept { return fd_.get(); }

  // The file may be mapped up to here.
  Result<void> reserve(std::uint64_t end);
  // What follows filled() of a block.  Seconds that are whole by that are compared with the
  // checksums of the index; where one is wrong, its blocks are empty again.
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
  // Of 64 MiB each: 4 GiB at most.
  std::array<std::atomic<Chunk*>, 64> chunks_{};
  std::vector<std::unique_ptr<Chunk>> owned_;
};

}  // namespace lb
