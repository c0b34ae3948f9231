#include "archive/read/reader_pool.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "archive/read/past_reading.h"

namespace lb {
namespace {

// An index loaded while the file was open lacks the end record of a file closed since.
bool tells_of(const ArchiveFile& file, const FileRow& row) {
  return file.end() >= row.bytes && (row.open || file.index.ended);
}

}  // namespace

ReaderPool::File ReaderPool::open(const std::string& dir, const std::string& mount,
                                  const FileRow& row) {
  const FileCache::Key key{mount, row.name()};
  if (auto known = cache_.find(key); known && tells_of(*known, row)) return known;
  auto loaded = load_archive_file(dir, mount, row);
  if (!loaded) {
    if (missing_ && loaded.error().code == Error::Code::kNotFound) missing_(mount);
    return nullptr;
  }
  cache_.put(key, *loaded);
  cache_.make_room();
  return std::move(*loaded);
}

void ReaderPool::let_go(const std::string& mount, const std::vector<FileRow>& rows) {
  for (const FileRow& row : rows) cache_.drop({mount, row.name()});
}

void ReaderPool::run(Loop::Task task) {
  std::call_once(begun_, [this] {
    if (begin_) loops_ = begin_();
  });
  const std::size_t n = next_.fetch_add(1, std::memory_order_relaxed);
  loops_[n % loops_.size()]->post(std::move(task));
}

void ReaderPool::load(const std::string& dir, const std::string& mount, const FileRow& row,
                      Loop& home, UniqueFunction<void(File)> then) {
  std::make_shared<PastReading>(*this, dir, mount)
      ->run([row, &home, then = std::move(then)](PastReading& reading) mutable {
        File file = reading.open(row);
        if (reading.lacks()) return false;
        home.post(
            [file = std::move(file), then = std::move(then)]() mutable { then(std::move(file)); });
        return false;
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

void ReaderPool::warm(File file, std::uint64_t offset, std::uint64_t bytes, Loop& home,
                      Loop::Task then) {
  std::make_shared<PastReading>(*this, std::string(), std::string())
      ->run([=, &home, fetched = false, then = std::move(then)](PastReading& reading) mutable {
        const bool here = reading.has(*file, offset, bytes);
        if (reading.lacks()) {
          fetched = true;
          return false;
        }
        if (here && !fetched) reading.readers().disk_reads.fetch_add(1, std::memory_order_relaxed);
        if (here) read(*file, offset, bytes);
        home.post(std::move(then));
        return false;
      });
}

}  // namespace lb
