// Process: the duties of a daemon: background, pid file, chroot, user, limits.
// Source: Icecast 2.4.4, for the messages and the order.
// Thread: main, before the loops start.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "config/settings/config.h"

namespace lb {

// Writes to a console; errors are ignored, because the console may be gone.
void write_console(int fd, std::string_view text);
// Prints Icecast's two lines and continues in a child; the parent exits.
void go_to_background();
// Replaces the console of a background process; opened while /dev is visible.
UniqueFd open_nothing();
// Releases the caller's standard streams that no log uses, so that a script which waits for their
// end continues.
void leave_console(const UniqueFd& nothing, const LogSettings& logs);
// Allows as many descriptors as the system permits, and no new privileges for child processes;
// switches large folios off (doc/decisions.md A1).
void raise_limits();
// The largest file that this process may write (RLIMIT_FSIZE).
std::uint64_t file_limit() noexcept;
// chroot, then group, supplementary groups and user.  Errors: it failed, or the process is still
// root.  debuggable: core files and debuggers of the configured user may read our memory.
Result<void> drop_privileges(const SecuritySettings& security, const PathSettings& paths,
                             bool debuggable);
// Whether only root may write the file and its directory, because the file's commands may run as
// root.
bool only_root_writes(const std::string& path);

// The constructor writes the file, the destructor removes it.  The descriptor stays open, so that a
// process which takes over can write its own number where it may not create the file.
class PidFile {
 public:
  PidFile() = default;
  static Result<PidFile> write(const std::string& path);
  // fd: of the former process; invalid: it had none, and the file is written.
  static Result<PidFile> write_again(UniqueFd fd, const std::string& path);
  // Writes another number; at every moment the first line is one of the two.
  static bool put_number(const UniqueFd& fd, pid_t pid);
  // Leaves the number of the stand-in, the process that passes signals on to this one, in the file.
  static PidFile keep(const std::string& path);
  UniqueFd share() const;
  PidFile(PidFile&& other) noexcept : path_(std::move(other.path_)), fd_(std::move(other.fd_)) {
    other.path_.clear();
  }
  PidFile& operator=(PidFile&& other) noexcept {
    path_.swap(other.path_);  // `other` removes our file
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~PidFile();

 private:
  std::string path_;
  UniqueFd fd_;
};

}  // namespace lb
