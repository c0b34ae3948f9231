#include "archive/open_files.h"

#include <algorithm>

#include "archive/remote_wait.h"

namespace lb {
namespace {

constexpr std::size_t kFewFiles = 64;

// A file that was closed since has its end in its index.
bool tells_of(const ArchiveFile& file, const FileRow& row) {
  return file.end() >= row.bytes && (row.open || file.index.ended);
}

}  // namespace

Result<std::shared_ptr<const ArchiveFile>> OpenFiles::open(const std::string& dir,
                                                           const std::string& mount,
                                                           const FileRow& row) {
  if (row.remote) {
    if (remote_ == nullptr)
      return Error::not_found("archive " + mount + ": a file of another node");
    return load_and_wait(*remote_, mount, row);
  }
  const Key key{mount, row.from_ms, row.id, row.origin};
  {
    std::lock_guard<std::mutex> guard(mutex_);
    if (const auto at = files_.find(key); at != files_.end())
      if (auto file = at->second.lock(); file && tells_of(*file, row)) return file;
  }
  auto loaded = load_archive_file(dir, mount, row);
  if (!loaded) return loaded;
  std::lock_guard<std::mutex> guard(mutex_);
  files_[key] = *loaded;
  if (files_.size() >= sweep_at_) {
    std::erase_if(files_, [](const auto& one) { return one.second.expired(); });
    sweep_at_ = std::max(kFewFiles, 2 * files_.size());
  }
  return loaded;
}

std::size_t OpenFiles::size() const {
  std::lock_guard<std::mutex> guard(mutex_);
  return files_.size();
}

}  // namespace lb
