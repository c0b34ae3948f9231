#include "base/file_stamp.h"

#include <ctime>

namespace lb {
namespace {

// Linux takes the time of a stamp at the timer's tick, 10 ms at most.  A file system with whole
// seconds may keep only every second one (FAT).
constexpr std::int64_t kTickNs = 20'000'000, kCoarseNs = 2'000'000'000;
constexpr std::int64_t kSecondNs = 1'000'000'000;

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * kSecondNs + time.tv_nsec;
}

// Reads the system's clock, not a Clock, because the file system uses it.
bool is_settled(std::int64_t changed_ns) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const std::int64_t age_ns = nanoseconds(now) - changed_ns;
  // A time in the future comes from another machine's clock and proves nothing.
  return age_ns < 0 || age_ns >= (changed_ns % kSecondNs == 0 ? kCoarseNs : kTickNs);
}

}  // namespace

FileStamp FileStamp::of_file(const std::string& path) noexcept {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 ? of(facts) : FileStamp{};
}

FileStamp FileStamp::of(const struct stat& facts) noexcept {
  FileStamp stamp;
  stamp.device = facts.st_dev;
  stamp.inode = facts.st_ino;
  stamp.bytes = static_cast<std::uint64_t>(facts.st_size);
  stamp.mode = facts.st_mode;
  stamp.owner = facts.st_uid;
  stamp.modified_ns = nanoseconds(facts.st_mtim);
  stamp.changed_ns = nanoseconds(facts.st_ctim);
  stamp.settled = is_settled(stamp.changed_ns);
  return stamp;
}

}  // namespace lb
