#include "archive/files/scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "archive/files/recover.h"
#include "base/cat.h"
#include "base/clock.h"
#include "base/unique_fd.h"

namespace lb {
namespace {

// The closed index of a file of 300 s is smaller; of a larger index the end is read separately.
constexpr std::size_t kUsualIndex = 16 * 1024;
constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kUnknownMs = 600'000;   // more than a file lasts
constexpr std::size_t kLooksForLike = 32;      // files on either side
constexpr std::size_t kLargestLike = 1 << 20;  // of an index

template <class F>
void for_each_name(DIR* dir, F f) {
  while (const dirent* entry = ::readdir(dir)) f(std::string_view(entry->d_name));
}

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;
Directory open_directory(const std::string& path) { return {::opendir(path.c_str()), &::closedir}; }

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  if (const Directory dir = open_directory(path))
    for_each_name(dir.get(), [&names](std::string_view name) { names.emplace_back(name); });
  return names;
}

// Reads the row of a closed file from the first and the last record of its index, in most cases
// with one read.  `name` is a buffer for the stem and an extension.
bool read_closed(int dir, const std::string& stem, std::string& name, FileRow& row,
                 RecordedEnd& last) {
  name.assign(stem).append(".idx");
  const UniqueFd fd(::openat(dir, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  std::array<char, kUsualIndex> bytes;
  const ssize_t got = fd ? ::pread(fd.get(), bytes.data(), bytes.size(), 0) : -1;
  if (got < static_cast<ssize_t>(kEndRecord)) return false;
  const std::string_view front(bytes.data(), static_cast<std::size_t>(got));
  FileHead head;
  if (!read_first(front, head)) return false;
  FileMark end;
  std::array<char, kEndRecord> tail;
  if (front.size() < bytes.size()) {
    if (!read_end(front, end)) return false;
  } else {
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0 ||
        ::pread(fd.get(), tail.data(), tail.size(),
                info.st_size - static_cast<off_t>(kEndRecord)) !=
            static_cast<ssize_t>(kEndRecord) ||
        !read_end(std::string_view(tail.data(), tail.size()), end))
      return false;
  }
  name.assign(stem).append(".data");
  struct stat data {};
  if (::fstatat(dir, name.c_str(), &data, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(data.st_mode) ||
      static_cast<std::uint64_t>(data.st_size) < end.offset)
    return false;
  row = recorded_row(head, end);
  last = recorded_end(head, end);
  return true;
}

// When the machine was started, in Unix ms.
std::int64_t boot_ms() {
  timespec now{}, up{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  ::clock_gettime(CLOCK_BOOTTIME, &up);
  return static_cast<std::int64_t>(now.tv_sec - up.tv_sec) * 1000;
}

// Finds the index of a nearby file, of the same stream if possible.
std::optional<FileIndex> find_like(const std::string& day, const std::vector<std::string>& stems,
                                   std::size_t of, const ArchiveFileName& name) {
  std::optional<FileIndex> other;
  std::string text;
  for (std::size_t away = 1; away <= kLooksForLike; ++away)
    for (const std::size_t i : {of - away, of + away}) {
      if (i >= stems.size()) continue;  // of - away wraps around
      const auto near = parse_archive_file(stems[i]);
      if (!near || (other && near->id != name.id)) continue;
      const UniqueFd fd(::open(cat({day, "/", stems[i], ".idx"}).c_str(),
                               O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
      text.resize(kLargestLike);
      const ssize_t got = fd ? ::pread(fd.get(), text.data(), text.size(), 0) : -1;
      if (got <= 0) continue;
      auto index =
          read_damaged_index(std::string_view(text).substr(0, static_cast<std::size_t>(got)));
      if (index.version != kIndexVersion) continue;
      if (near->id == name.id) return index;
      other = std::move(index);
    }
  return other;
}

// Returns true if the file can be played.
bool recover(const std::string& day, const std::vector<std::string>& stems, std::size_t of,
             const ArchiveFileName& name, ScannedFiles& out, FileRow& row, RecordedEnd& end) {
  using Outcome = RecoveredFile::Outcome;
  const std::string path = cat({day, "/", stems[of]});
  const auto like = find_like(day, stems, of, name);
  const auto found = recover_file(path, name, like ? &*like : nullptr);
  if (!found) {
    out.broken.push_back(found.error().what);
    return false;
  }
  switch (found->outcome) {
    case Outcome::kReadable:
      out.mended.push_back(path);
      if (found->found_bytes > 0)
        out.mended.back() +=
            cat({": ", found->found_bytes, " bytes were not in its index, and are now"});
      row = recorded_row(found->index.head, found->index.marks.back());
      end = recorded_end(found->index.head, found->index.marks.back());
      return true;
    case Outcome::kOtherVersion:
      out.other_versions.push_back(path);
      break;
    case Outcome::kWithoutData:
      out.broken.push_back(path + ": its .data is empty or missing; left as it is");
      break;
    case Outcome::kEmpty:
      out.mended.push_back(path + ": not a byte was recorded; removed");
      break;
    case Outcome::kUnknown:
      out.broken.push_back(cat(
          {path, ": no sound is found in its ", found->data_bytes, " bytes; kept as .data.bad"}));
      break;
  }
  return false;
}

}  // namespace

std::vector<std::string> archived_mounts(const std::string& dir) {
  std::vector<std::string> mounts;
  for (const std::string& name : names_in(dir))
    if (auto mount = archive_mount(name)) mounts.push_back(std::move(*mount));
  return mounts;
}

ScannedFiles scan_mount(const std::string& dir, const std::string& mount,
                        const std::set<std::string>& open) {
  ScannedFiles out;
  std::int64_t unknown_after = 0;
  const std::string directory = cat({dir, "/", archive_directory(mount)});
  std::string path;
  for (const std::string& day : names_in(directory)) {
    if (!parse_day(day)) continue;
    const Directory dir_of_day = open_directory(cat({directory, "/", day}));
    if (!dir_of_day) continue;
    std::vector<std::string> stems;
    for_each_name(dir_of_day.get(), [&stems](std::string_view name) {
      const std::size_t dot = name.rfind('.');
      if (dot == std::string_view::npos) return;
      const std::string_view extension = name.substr(dot);
      if (extension == ".idx" || extension == ".data") stems.emplace_back(name.substr(0, dot));
    });
    std::sort(stems.begin(), stems.end());
    stems.erase(std::unique(stems.begin(), stems.end()), stems.end());
    std::int64_t day_number = -1;
    for (std::size_t i = 0; i < stems.size(); ++i) {
      const auto name = parse_archive_file(stems[i]);
      if (!name) continue;
      if (name->seconds / kDaySeconds != day_number) {
        if (archive_day(name->seconds) != day) continue;
        day_number = name->seconds / kDaySeconds;
      }
      if (!open.empty() && open.contains(cat({directory, "/", day, "/", stems[i]}))) continue;
      FileRow row;
      RecordedEnd end;
      if (!read_closed(::dirfd(dir_of_day.get()), stems[i], path, row, end)) {
        const bool found = recover(cat({directory, "/", day}), stems, i, *name, out, row, end);
        // Players have heard of segments that did not get to the disk before the machine fell.
        if (!found || end.to_ms < boot_ms())
          unknown_after = std::max(unknown_after, name->seconds * 1000);
        if (!found) continue;
      }
      // The catalog computes a file's name from its row, so a file with another name could not be
      // opened.
      if (row.name() == *name) {
        out.rows.push_back(row);
        if (end.next.first > out.end.next.first) out.end = end;
      } else {
        out.broken.push_back(cat({directory, "/", day, "/", stems[i], ": its index is that of ",
                                  to_string(row.name()), "; left as it is"}));
      }
    }
  }
  if (unknown_after > 0 && unknown_after >= out.end.to_ms - kUnknownMs) out.end = {};
  return out;
}

DiskSpace disk_space(const std::string& dir) {
  struct statvfs info {};
  if (::statvfs(dir.c_str(), &info) != 0) return {};
  return {std::uint64_t{info.f_blocks} * info.f_frsize,
          std::uint64_t{info.f_bavail} * info.f_frsize};
}

void unlink_file(const std::string& dir, const std::string& mount, const FileRow& row) {
  const std::string directory = cat({dir, "/", archive_directory(mount)});
  const std::string path = cat({directory, "/", archive_path(row.name())});
  ::unlink((path + ".data").c_str());
  ::unlink((path + ".idx").c_str());
  ::unlink((path + ".idx.bad").c_str());
  ::rmdir(cat({directory, "/", archive_day(row.name().seconds)}).c_str());
  ::rmdir(directory.c_str());
}

}  // namespace lb
