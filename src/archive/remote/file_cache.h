// FileCache: recorded files that are open, each once for all that read it: a thousand listeners of
// one programme share a descriptor, a mapping and an index.  Those that were read last stay open,
// so that lists and segments of HLS do not read an index for each request.
//
// Thread: any.
// Ownership: shared with those that read a file.
// Bounds: kMaxIdle files that nothing reads, and so many of their bytes as make_room() allows; a
// descriptor or two, a mapping and some 20 kB each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "archive/files/archive_file.h"

namespace lb {

class FileCache {
 public:
  static constexpr std::size_t kMaxIdle = 320;  // a day of files of 300 s

  struct Key {
    std::string mount;
    ArchiveFileName name;

    bool operator<(const Key& other) const noexcept;
  };
  // Null: it is not here.
  std::shared_ptr<const ArchiveFile> find(const Key& key);
  // In the place of what was there.
  void put(const Key& key, std::shared_ptr<const ArchiveFile> file);
  // It is not wanted again: it goes with its last reader.
  void drop(const Key& key);
  // Those unused for longest go, until what other nodes' files have here is no more than this.
  void make_room(std::uint64_t bytes = ~std::uint64_t{0});
  // Of other nodes' files that are being read.
  std::uint64_t bytes_in_use() const;
  std::size_t size() const;

 private:
  struct Kept {
    std::shared_ptr<const ArchiveFile> file;
    std::uint64_t used = 0;

    bool in_use() const noexcept;
    std::uint64_t bytes() const noexcept { return file->remote ? file->remote->bytes() : 0; }
  };

  mutable std::mutex mutex_;
  std::map<Key, Kept> files_;
  std::uint64_t uses_ = 0;
};

}  // namespace lb
