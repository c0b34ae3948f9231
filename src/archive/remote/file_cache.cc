#include "archive/remote/file_cache.h"

#include <tuple>
#include <utility>

namespace lb {

bool FileCache::Key::operator<(const Key& other) const noexcept {
  return std::tie(mount, name.seconds, name.id, name.origin) <
         std::tie(other.mount, other.name.seconds, other.name.id, other.name.origin);
}

// A file that has grown has its bytes in common with what it was.
bool FileCache::Kept::in_use() const noexcept {
  return file.use_count() > 1 || (file->remote && file->remote.use_count() > 1);
}

std::shared_ptr<const ArchiveFile> FileCache::find(const Key& key) {
  const std::lock_guard<std::mutex> guard(mutex_);
  const auto found = files_.find(key);
  if (found == files_.end()) return nullptr;
  found->second.used = ++uses_;
  return found->second.file;
}

void FileCache::put(const Key& key, std::shared_ptr<const ArchiveFile> file) {
  const std::lock_guard<std::mutex> guard(mutex_);
  Kept kept{std::move(file), ++uses_};
  std::swap(files_[key], kept);
}

void FileCache::drop(const Key& key) {
  const std::lock_guard<std::mutex> guard(mutex_);
  files_.erase(key);
}

void FileCache::make_room(std::uint64_t bytes) {
  const std::lock_guard<std::mutex> guard(mutex_);
  while (true) {
    std::uint64_t all = 0;
    std::size_t idle = 0;
    auto oldest = files_.end();
    for (auto at = files_.begin(); at != files_.end(); ++at) {
      all += at->second.bytes();
      if (at->second.in_use()) continue;
      ++idle;
      if (oldest == files_.end() || at->second.used < oldest->second.used) oldest = at;
    }
    if (oldest == files_.end() || (all <= bytes && idle <= kMaxIdle)) return;
    files_.erase(oldest);
  }
}

std::uint64_t FileCache::bytes_in_use() const {
  const std::lock_guard<std::mutex> guard(mutex_);
  std::uint64_t bytes = 0;
  for (const auto& [key, kept] : files_)
    if (kept.in_use()) bytes += kept.bytes();
  return bytes;
}

std::size_t FileCache::size() const {
  const std::lock_guard<std::mutex> guard(mutex_);
  return files_.size();
}

}  // namespace lb
