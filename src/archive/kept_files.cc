#include "archive/kept_files.h"

#include <algorithm>
#include <utility>

namespace lb {
namespace {

// A file that was closed since has its end in its index.
bool has_all_of(const ArchiveFile& file, const FileRow& row) {
  return file.end() >= row.bytes && (row.open || file.index.ended);
}

}  // namespace

std::shared_ptr<const ArchiveFile> KeptFiles::open(const std::string& dir, const std::string& mount,
                                                   const FileRow& row) {
  const auto is_it = [&](const Kept& kept) { return kept.file->is(row) && kept.mount == mount; };
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    const auto found = std::find_if(files_.begin(), files_.end(), is_it);
    if (found != files_.end() && has_all_of(*found->file, row)) {
      files_.splice(files_.begin(), files_, found);
      return found->file;
    }
  }
  auto loaded = load_archive_file(dir, mount, row);
  if (!loaded) return nullptr;
  const std::lock_guard<std::mutex> guard(mutex_);
  files_.remove_if(is_it);
  files_.push_front({mount, *loaded});
  if (files_.size() > kMost) files_.pop_back();
  return std::move(*loaded);
}

}  // namespace lb
