#include "archive/reader_pool.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace lb {

void ReaderPool::run(Loop::Task task) {
  std::call_once(begun_, [this] {
    if (begin_) loops_ = begin_();
  });
  const std::size_t n = next_.fetch_add(1, std::memory_order_relaxed);
  loops_[n % loops_.size()]->post(std::move(task));
}

void ReaderPool::load(const std::string& dir, const std::string& mount, const FileRow& row,
                      Loop& home, UniqueFunction<void(RemoteArchive::File)> then) {
  if (!row.remote || remote_ == nullptr) {
    run([this, dir, mount, row, &home, then = std::move(then)]() mutable {
      home.post([file = open(dir, mount, row), then = std::move(then)]() mutable {
        then(std::move(file));
      });
    });
    return;
  }
  remote_->load(mount, row, [&home, then = std::move(then)](RemoteArchive::File file) mutable {
    home.post(
        [file = std::move(file), then = std::move(then)]() mutable { then(std::move(file)); });
  });
}

void ReaderPool::read(const ArchiveFile& file, std::uint64_t offset, std::uint64_t bytes) {
  std::vector<char> buffer(64 * 1024);
  const std::uint64_t end = std::min(offset + bytes, file.end());
  for (std::uint64_t at = offset; at < end;) {
    const ssize_t got =
        ::pread(file.fd(), buffer.data(), std::min<std::uint64_t>(buffer.size(), end - at),
                static_cast<off_t>(at));
    if (got <= 0) return;
    at += static_cast<std::uint64_t>(got);
  }
}

void ReaderPool::warm(std::shared_ptr<const ArchiveFile> file, std::uint64_t offset,
                      std::uint64_t bytes, Loop& home, Loop::Task then) {
  if (file->remote && remote_ != nullptr &&
      !file->has(offset, std::min(bytes, file->end() - std::min(offset, file->end())))) {
    remote_reads.fetch_add(1, std::memory_order_relaxed);
    remote_->fetch(std::move(file), offset, bytes,
                   [&home, then = std::move(then)](bool) mutable { home.post(std::move(then)); });
    return;
  }
  disk_reads.fetch_add(1, std::memory_order_relaxed);
  run([file = std::move(file), offset, bytes, &home, then = std::move(then)]() mutable {
    read(*file, offset, bytes);
    home.post(std::move(then));
  });
}

}  // namespace lb
