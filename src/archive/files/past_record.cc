#include "archive/files/past_record.h"

#include <sys/stat.h>

#include <utility>

#include "archive/files/archive_file.h"
#include "archive/files/record.h"
#include "base/cat.h"

namespace lb {

bool is_unnamed(const ArchiveFile& file) noexcept {
  struct stat info {};
  return !file.remote && ::fstat(file.fd(), &info) == 0 && info.st_nlink == 0;
}

Result<std::shared_ptr<const ArchiveFile>> restore_unnamed(std::string_view index, UniqueFd data) {
  FileIndex read = read_index(index);
  struct stat info {};
  if (!data || ::fstat(data.get(), &info) != 0 || read.end() == 0 ||
      read.end() > static_cast<std::uint64_t>(info.st_size))
    return Error::invalid(cat(
        {"a removed recording has ", info.st_size, " bytes, and ", read.end(), " by its index"}));
  const FileRow row = recorded_row(read.head, read.marks.back());
  return make_archive_file(row, std::move(read), std::move(data), nullptr);
}

}  // namespace lb
