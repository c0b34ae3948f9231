#include "archive/files/gone_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <set>
#include <system_error>

#include "archive/files/archive_name.h"
#include "base/cat.h"

namespace lb {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

// False: it could not be read to its end.
bool read_names(const std::string& path, std::set<std::string>& names) {
  std::error_code failed;
  for (std::filesystem::directory_iterator at(path, failed), end; !failed && at != end;
       at.increment(failed))
    names.insert(at->path().filename().string());
  return !failed;
}

}  // namespace

bool GoneFiles::is_there() const {
  struct stat held {
  }, named{};
  return ::fstat(lock_, &held) == 0 && ::lstat((dir_ + "/.lock").c_str(), &named) == 0 &&
         held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

std::string GoneFiles::directory_of(const std::string& mount) const {
  return cat({dir_, "/", archive_directory(mount), "/"});
}

void GoneFiles::suspect(const std::string& mount) {
  const std::string directory = directory_of(mount);
  const auto first = days_.lower_bound(directory);
  days_.erase(first, std::find_if_not(first, days_.end(), [&directory](const auto& day) {
                return day.first.starts_with(directory);
              }));
}

std::vector<FileRow> GoneFiles::check(const std::string& mount, const RecordedFiles& files) {
  std::vector<FileRow> gone;
  const std::vector<FileRow>& rows = files.closed();
  for (auto at = rows.begin(); at != rows.end();) {
    const std::int64_t next_day = (at->from_ms / kDayMs + 1) * kDayMs;
    const auto end = std::partition_point(
        at, rows.end(), [next_day](const FileRow& row) { return row.from_ms < next_day; });
    const auto first = std::exchange(at, end);
    const std::string path = directory_of(mount) + archive_day(first->from_ms / 1000);
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) gone.insert(gone.end(), first, end);
      days_.erase(path);
      continue;
    }
    const Changed changed{info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
    if (const auto known = days_.find(path); known != days_.end() && known->second == changed)
      continue;
    std::set<std::string> names;
    if (!read_names(path, names)) continue;
    days_[path] = changed;
    std::copy_if(first, end, std::back_inserter(gone), [&names](const FileRow& row) {
      const std::string name = to_string(row.name());
      return !names.contains(name + ".data") || !names.contains(name + ".idx");
    });
  }
  return gone;
}

}  // namespace lb
