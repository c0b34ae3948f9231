// Store: the bytes of one stream log.  File offset = stream position; pages are written once and
// freed by punching holes.  Segment: one mapped range of it.
//
// A memfd and not a ring, because sendfile gives our pages to the kernel, which still reads them
// when we would overwrite them (measured: all 65536 bytes wrong).  MADV_NOHUGEPAGE, because a hole
// in a large folio zeroes bytes that the kernel still holds (doc/decisions.md A1).
//
// Thread: extend() and punch() belong to the holder of the write lease; a Segment's bytes below a
// published view's end may be read from any thread.
// Ownership: views and the log share the store and its segments; a segment's destructor only unmaps
// (doc/decisions.md A2: a log that is handed over must not be emptied).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/result.h"
#include "base/unique_fd.h"

namespace lb {

struct Segment {
  std::uint64_t begin = 0;     // stream position of data[0]; page-aligned
  std::size_t size_bytes = 0;  // a multiple of the page size
  std::byte* data = nullptr;

  Segment(std::uint64_t at, std::size_t bytes, std::byte* mapped) noexcept
      : begin(at), size_bytes(bytes), data(mapped) {}
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;
  std::uint64_t end() const noexcept { return begin + size_bytes; }
};

class Store {
 public:
  // name: shows in /proc/PID/maps, for debugging.
  static Result<std::shared_ptr<Store>> memfd(const std::string& name);
  // The store of another process, which has released it.
  static std::shared_ptr<Store> adopt(UniqueFd fd) { return of_file(std::move(fd)); }
  // A file that is only read; offset = position too.
  static std::shared_ptr<Store> of_file(UniqueFd fd) {
    return std::shared_ptr<Store>(new Store(std::move(fd)));
  }

  // Maps [at, at + bytes), growing the file to its end.  Both are multiples of the page size.
  Result<std::shared_ptr<Segment>> extend(std::uint64_t at, std::size_t bytes);
  // The same for bytes that the file has.
  Result<std::shared_ptr<Segment>> map(std::uint64_t at, std::size_t bytes);
  // Frees the memory of [from, to).  REQUIRES: page-aligned, and no reader can reach it
  void punch(std::uint64_t from, std::uint64_t to) noexcept;
  int fd() const noexcept { return fd_.get(); }

  static std::size_t page_bytes() noexcept;
  // The start of the page of this position.
  static std::uint64_t page_floor(std::uint64_t at) noexcept { return at - at % page_bytes(); }

 private:
  explicit Store(UniqueFd fd) noexcept : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace lb
