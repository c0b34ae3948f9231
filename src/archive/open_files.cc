#include "archive/open_files.h"

#include <algorithm>

#include "archive/remote_wait.h"
#include "base/cat.h"

namespace lb {
namespace {

// A file that was closed since has its end in its index.
bool tells_of(const ArchiveFile& file, const FileRow& row) {
  return file.end() >= row.bytes && (row.open || file.index.ended);
}

}  // namespace

void OpenFiles::hold(const std::shared_ptr<const ArchiveFile>& file) {
  const auto found = std::find(held_.begin(), held_.end(), file);
  if (found != held_.end()) {
    held_.splice(held_.begin(), held_, found);
    return;
  }
  held_.push_front(file);
  if (held_.size() > kMost) held_.pop_back();
}

Result<std::shared_ptr<const ArchiveFile>> OpenFiles::open(const std::string& dir,
                                                           const std::string& mount,
                                                           const FileRow& row) {
  if (row.remote) {
    if (remote_ == nullptr)
      return Error::not_found(cat({"archive ", mount, ": a file of another node"}));
    return load_and_wait(*remote_, mount, row);
  }
  const Key key = key_of(mount, row);
  {
    std::lock_guard<std::mutex> guard(mutex_);
    if (const auto at = files_.find(key); at != files_.end()) {
      auto file = at->second.lock();
      if (file && tells_of(*file, row)) {
        hold(file);
        return file;
      }
      if (file) held_.remove(file);  // it has grown
    }
  }
  auto loaded = load_archive_file(dir, mount, row);
  if (!loaded && missing_ && loaded.error().code == Error::Code::kNotFound) missing_(mount);
  if (!loaded) return loaded;
  std::lock_guard<std::mutex> guard(mutex_);
  files_[key] = *loaded;
  hold(*loaded);
  if (files_.size() >= sweep_at_) {
    std::erase_if(files_, [](const auto& one) { return one.second.expired(); });
    sweep_at_ = std::max(2 * kMost, 2 * files_.size());
  }
  return loaded;
}

void OpenFiles::let_go(const std::string& mount, const std::vector<FileRow>& rows) {
  std::lock_guard<std::mutex> guard(mutex_);
  for (const FileRow& row : rows) {
    const auto found = files_.find(key_of(mount, row));
    if (found == files_.end()) continue;
    if (const auto file = found->second.lock()) held_.remove(file);
    files_.erase(found);
  }
}

std::size_t OpenFiles::size() const {
  std::lock_guard<std::mutex> guard(mutex_);
  return files_.size();
}

}  // namespace lb
