#include "archive/scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <memory>
#include <set>

#include "archive/segment_file.h"

namespace lb {
namespace {

constexpr std::size_t kHeadBytes = 320, kLongHeadBytes = 4096;

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path.c_str()), &::closedir);
  if (!dir) return names;
  while (const dirent* entry = ::readdir(dir.get())) names.emplace_back(entry->d_name);
  return names;
}

FileRow row_of(const FileHead& head, const FileMark& end) {
  FileRow row;
  row.from_ms = head.span.wall_ms;
  row.to_ms = end.wall_ms;
  row.bytes = end.offset;
  row.origin = head.span.origin;
  row.id = short_id(head.span.id);
  return row;
}

// Of a file that was closed: its two ends tell all.
bool read_closed(const std::string& path, FileRow& row) {
  const UniqueFd fd(::open((path + ".idx").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat info {};
  struct stat data {};
  if (!fd || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode) ||
      info.st_size < static_cast<off_t>(kEndRecord) ||
      ::lstat((path + ".data").c_str(), &data) != 0 || !S_ISREG(data.st_mode))
    return false;
  std::string tail(kEndRecord, '\0');
  const ssize_t tail_size =
      ::pread(fd.get(), tail.data(), tail.size(), info.st_size - static_cast<off_t>(kEndRecord));
  if (tail_size != static_cast<ssize_t>(kEndRecord)) return false;
  FileIndex index;
  for (const std::size_t size : {kHeadBytes, kLongHeadBytes}) {
    std::string front(size, '\0');
    const ssize_t got = ::pread(fd.get(), front.data(), front.size(), 0);
    if (got <= 0) return false;
    index = read_index(std::string_view(front).substr(0, static_cast<std::size_t>(got)));
    if (index.bytes > 0) break;
  }
  FileMark end;
  if (index.bytes == 0 || !read_end(tail, end) ||
      static_cast<std::uint64_t>(data.st_size) < end.offset)
    return false;
  row = row_of(index.head, end);
  return true;
}

}  // namespace

std::vector<std::string> archived_mounts(const std::string& dir) {
  std::vector<std::string> mounts;
  for (const std::string& name : names_in(dir))
    if (auto mount = archive_mount(name)) mounts.push_back(std::move(*mount));
  return mounts;
}

ScannedFiles scan_mount(const std::string& dir, const std::string& mount) {
  ScannedFiles out;
  const std::string directory = dir + "/" + archive_directory(mount);
  for (const std::string& day : names_in(directory)) {
    if (!is_archive_day(day)) continue;
    std::set<std::string> stems;
    for (const std::string& name : names_in(directory + "/" + day)) {
      const std::size_t dot = name.rfind('.');
      if (dot == std::string::npos) continue;
      const std::string extension = name.substr(dot);
      if (extension == ".idx" || extension == ".data") stems.insert(name.substr(0, dot));
    }
    for (const std::string& stem : stems) {
      const auto name = parse_archive_file(stem);
      if (!name || archive_day(name->seconds) != day) continue;
      const std::string path = directory + "/" + day + "/" + stem;
      FileRow row;
      if (!read_closed(path, row)) {
        auto mended = recover_file(path);
        if (!mended) {
          (mended.error().code == Error::Code::kNotFound ? out.mended : out.broken)
              .push_back(mended.error().what);
          continue;
        }
        out.mended.push_back(path);
        row = row_of(mended->head, mended->marks.back());
      }
      // A file under another name than its own would be found under neither.
      if (row.name() == *name) out.rows.push_back(row);
    }
  }
  return out;
}

DiskSpace disk_space(const std::string& dir) {
  struct statvfs info {};
  if (::statvfs(dir.c_str(), &info) != 0) return {};
  return {std::uint64_t{info.f_blocks} * info.f_frsize,
          std::uint64_t{info.f_bavail} * info.f_frsize};
}

void unlink_file(const std::string& dir, const std::string& mount, const FileRow& row) {
  const std::string directory = dir + "/" + archive_directory(mount);
  const std::string path = directory + "/" + archive_path(row.name());
  ::unlink((path + ".data").c_str());
  ::unlink((path + ".idx").c_str());
  ::rmdir((directory + "/" + archive_day(row.name().seconds)).c_str());
}

}  // namespace lb
