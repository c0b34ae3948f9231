// What an archive costs that is opened: archive-size DIR MOUNTS HOURS makes one, as if streams of
// 128 kbit/s had been recorded, with whole indexes and files of data that are all hole; then it is
// opened as at a start.  Prints one JSON line: files, seconds, and by how many KiB memory grew.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>

#include "archive/files/record.h"
#include "archive/files/scan.h"
#include "base/unique_fd.h"

using namespace lb;

namespace {

constexpr std::int64_t kFileSeconds = 300, kBytesASecond = 16'000, kHertz = 44'100;
constexpr std::int64_t kFirst = 1'795'132'800;  // 2026-11-20T00:00:00Z

std::uint64_t resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:"))
      return std::strtoull(line.c_str() + std::strlen("VmRSS:"), nullptr, 10);
  return 0;
}

bool make_file(const std::string& directory, unsigned mount, std::int64_t at) {
  FileHead head;
  head.span.id = {0x1000 + mount, 1};
  head.span.origin = static_cast<std::uint64_t>((at - kFirst) * kBytesASecond);
  head.span.wall_ms = at * 1000;
  head.span.media = {static_cast<std::uint64_t>((at - kFirst) * kHertz), kHertz};
  head.content_type = "audio/mpeg";
  std::string index;
  append_head(index, head);
  FileMark mark;
  for (std::int64_t i = 0; i <= kFileSeconds; ++i) {
    mark = {static_cast<std::uint64_t>(i * kBytesASecond),
            head.span.media.samples + static_cast<std::uint64_t>(i * kHertz), (at + i) * 1000, 0};
    append_mark(index, mark);
  }
  append_end(index, mark);
  const ArchiveFileName name{at, short_id(head.span.id), head.span.origin};
  const std::string day = directory + "/" + archive_day(at);
  ::mkdir(day.c_str(), 0755);
  const std::string path = day + "/" + to_string(name);
  const UniqueFd data(::open((path + ".data").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  const UniqueFd idx(::open((path + ".idx").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  return data && idx && ::ftruncate(data.get(), kFileSeconds * kBytesASecond) == 0 &&
         ::write(idx.get(), index.data(), index.size()) == static_cast<ssize_t>(index.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: archive-size DIR MOUNTS HOURS\n");
    return 2;
  }
  const std::string dir = argv[1];
  const auto mounts = static_cast<unsigned>(std::atoi(argv[2]));
  const int hours = std::atoi(argv[3]);
  ::mkdir(dir.c_str(), 0755);
  for (unsigned mount = 0; mount < mounts; ++mount) {
    const std::string directory = dir + "/" + archive_directory("/m" + std::to_string(mount));
    ::mkdir(directory.c_str(), 0755);
    for (std::int64_t at = kFirst; at < kFirst + hours * 3600; at += kFileSeconds)
      if (!make_file(directory, mount, at)) {
        std::perror(directory.c_str());
        return 1;
      }
  }
  const std::uint64_t before = resident_kib();
  const auto began = std::chrono::steady_clock::now();
  const std::clock_t worked = std::clock();
  Catalog catalog;
  std::size_t files = 0;
  for (const std::string& mount : archived_mounts(dir)) {
    const ScannedFiles found = scan_mount(dir, mount);
    catalog.add(mount, found.rows);
    files += found.rows.size();
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf(
      "{\"files\": %zu, \"bytes\": %llu, \"open_s\": %.3f, \"cpu_s\": %.3f, \"grown_kib\": %lld}\n",
      files, static_cast<unsigned long long>(catalog.bytes()), took.count(),
      static_cast<double>(std::clock() - worked) / CLOCKS_PER_SEC,
      static_cast<long long>(resident_kib()) - static_cast<long long>(before));
  return 0;
}
