#include "archive/files/retention.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <limits>
#include <set>
#include <system_error>

#include "archive/files/archive_name.h"
#include "base/cat.h"

namespace lb {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

// Returns false if the directory could not be read to its end.
bool read_names(const std::string& path, std::set<std::string>& names) {
  std::error_code failed;
  for (std::filesystem::directory_iterator at(path, failed), end; !failed && at != end;
       at.increment(failed))
    names.insert(at->path().filename().string());
  return !failed;
}

}  // namespace

std::uint64_t most_bytes(const MountArchive& limits) noexcept {
  std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  if (limits.enabled && limits.max_bytes > 0) most = limits.max_bytes;
  return std::min(most, limits.storage_bytes.value_or(most));
}

std::vector<DoomedFile> files_to_remove(const RetentionInput& input) {
  struct Kept {
    const std::string* mount;
    const FileRow* row;
  };
  std::vector<DoomedFile> gone;
  std::vector<Kept> kept;
  std::uint64_t total = 0, freed = 0;
  // A stream whose media time flies has recordings of years ahead.  They come first: otherwise they
  // would stay, and all other recordings would go.
  const auto is_of_future = [&input](const FileRow& row) {
    return input.trusts_clock && row.from_ms > input.now_ms + kDayMs;
  };
  for (const auto& [name, mount] : input.mounts) {
    std::uint64_t bytes = mount.files->bytes();
    const std::uint64_t most = most_bytes(mount.settings);
    const std::int64_t oldest =
        input.now_ms - std::chrono::milliseconds(mount.settings.retention).count();
    const std::vector<FileRow>& rows = mount.files->closed();
    const auto future = static_cast<std::size_t>(
        std::partition_point(rows.begin(), rows.end(),
                             [&](const FileRow& row) { return !is_of_future(row); }) -
        rows.begin());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const FileRow& row = rows[(future + i) % rows.size()];
      const bool old = input.trusts_clock && mount.settings.enabled &&
                       mount.settings.retention.count() > 0 && row.to_ms < oldest;
      if (!old && bytes <= most) {
        kept.push_back({&name, &row});
        continue;
      }
      gone.push_back({name, row});
      bytes -= row.bytes;
      freed += row.bytes;
    }
    // What its open file has beyond its own limit is no reason to remove files of other mounts.
    total += std::min(bytes, most);
  }
  const auto is_too_much = [&] {
    const bool over = input.settings.total_bytes > 0 && total > input.settings.total_bytes;
    return over || (input.disk_bytes > 0 && input.free_bytes + freed < input.least_free());
  };
  if (!is_too_much()) return gone;
  const auto order = [&](const FileRow& row) { return std::pair(!is_of_future(row), row.to_ms); };
  std::stable_sort(kept.begin(), kept.end(), [&order](const Kept& a, const Kept& b) {
    return order(*a.row) < order(*b.row);
  });
  for (const Kept& file : kept) {
    if (!is_too_much()) break;
    gone.push_back({*file.mount, *file.row});
    total -= file.row->bytes;
    freed += file.row->bytes;
  }
  return gone;
}

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
