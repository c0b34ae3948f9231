#include "program/file_rules.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "base/cat.h"
#include "base/unique_fd.h"

namespace lb {
namespace {

// Newer than the kernel headers that this is compiled with.
constexpr std::uint64_t kRefer = 1ULL << 13, kTruncate = 1ULL << 14, kScopeSignal = 1ULL << 1;

struct Ruleset {
  std::uint64_t files = 0, net = 0, scoped = 0;
};

constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kMake = LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SOCK;
// Nothing makes devices or links, wherever that is.
constexpr std::uint64_t kNever =
    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
constexpr std::uint64_t kOfFiles = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                   LANDLOCK_ACCESS_FS_READ_FILE | kTruncate;

Error kernel_error(std::string_view what) {
  return Error::io(cat({what, ": ", std::strerror(errno)}));
}

// False: it is not there, or the user may not even look at it.
bool add_rule(int ruleset, const std::string& path, std::uint64_t access) {
  const UniqueFd at(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat info {};
  if (!at || ::fstat(at.get(), &info) != 0) return false;
  landlock_path_beneath_attr rule{};
  rule.allowed_access = S_ISDIR(info.st_mode) ? access : access & kOfFiles;
  rule.parent_fd = at.get();
  return ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

}  // namespace

Result<std::size_t> bind_files(const FileRules& rules) {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return kernel_error("this kernel has no landlock");
  std::uint64_t write = kRead | LANDLOCK_ACCESS_FS_WRITE_FILE | kMake;
  if (version >= 2) write |= kRefer;
  if (version >= 3) write |= kTruncate;
  const std::uint64_t read = kRead | LANDLOCK_ACCESS_FS_EXECUTE;
  Ruleset all;
  all.files = read | write | kNever;
  if (version >= 6) all.scoped = kScopeSignal;
  // A kernel that is older than a field wants it to be zero, or left out.
  const UniqueFd ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0)));
  if (!ruleset) return kernel_error("landlock");
  std::size_t count = 0;
  for (const std::string& path : rules.read) count += add_rule(ruleset.get(), path, read) ? 1 : 0;
  for (const std::string& path : rules.write) count += add_rule(ruleset.get(), path, write) ? 1 : 0;
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return kernel_error("landlock");
  return count;
}

}  // namespace lb
