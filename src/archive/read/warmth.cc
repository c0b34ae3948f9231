#include "archive/read/warmth.h"

#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace lb {
namespace {

// cachestat() of Linux 6.5, declared here because the headers of Debian 12 are older.
constexpr long kCachestatCall = 451;
struct CacheRange {
  std::uint64_t offset, bytes;
};
struct CacheCounts {
  std::uint64_t cached, dirty, written_back, evicted, evicted_lately;
};
constexpr std::uint64_t kPage = 4096;

// 1: available; 0: not tried; -1: not available.
std::atomic<int> cachestat_works{0};

bool byte_is_warm(int fd, std::uint64_t at) noexcept {
  char byte = 0;
  const iovec part{&byte, 1};
  const ssize_t got = ::preadv2(fd, &part, 1, static_cast<off_t>(at), RWF_NOWAIT);
  return got >= 0 || errno == EOPNOTSUPP;
}

}  // namespace

bool is_warm(int fd, std::uint64_t offset, std::uint64_t bytes) noexcept {
  if (bytes == 0) return true;
  if (cachestat_works.load(std::memory_order_relaxed) >= 0) {
    CacheRange range{offset, bytes};
    CacheCounts counts{};
    const long result = ::syscall(kCachestatCall, fd, &range, &counts, 0u);
    if (result == 0) {
      cachestat_works.store(1, std::memory_order_relaxed);
      const std::uint64_t pages = (offset + bytes - 1) / kPage - offset / kPage + 1;
      return counts.cached >= pages;
    }
    if (cachestat_works.load(std::memory_order_relaxed) == 0)
      cachestat_works.store(-1, std::memory_order_relaxed);
  }
  return byte_is_warm(fd, offset) && byte_is_warm(fd, offset + bytes - 1);
}

}  // namespace lb
