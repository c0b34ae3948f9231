// Process: what a daemon does around its work: background, pid file, chroot, user, limits.
// Source of texts and order: Icecast 2.4.4.
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

// To a console, which may be gone: what cannot be written is lost.
void write_console(int fd, std::string_view text);
// Prints Icecast's two lines and goes on in a child; the parent exits.
void go_to_background();
// What a process in the background has in the place of its console; opened while /dev is there.
UniqueFd open_nothing();
// The standard streams that no log goes to are no longer the caller's: a script that waits for the
// end of our output goes on.
void leave_console(const UniqueFd& nothing, const LogSettings& logs);
// As many descriptors as the system allows; large folios off for our memory (doc/decisions.md A1);
// no new privileges for whatever we start.
void raise_limits();
// Bytes that a file of this process may have (RLIMIT_FSIZE).
std::uint64_t file_limit() noexcept;
// chroot, then group, supplementary groups, user.  An error: not possible, or still root after it.
// debuggable: after a change of user, core files and debuggers of that user may read our memory.
Result<void> drop_privileges(const SecuritySettings& security, const PathSettings& paths,
                             bool debuggable);
// The file belongs to root, and so does its directory, and no other user may write to either: its
// commands may be carried out as root.
bool only_root_writes(const std::string& path);

// Written at construction, removed at destruction.  Its descriptor stays open: a process that goes
// on with this one's work writes its own number there, also where it may not make the file.
class PidFile {
 public:
  PidFile() = default;
  static Result<PidFile> write(const std::string& path);
  // Of the process before; invalid: it has none, and its file is written.
  static Result<PidFile> write_again(UniqueFd fd, const std::string& path);
  // Another number; at no moment is the first line anything else than one of the two.
  static bool put_number(const UniqueFd& fd, pid_t pid);
  // The number in it stays, which is that of a process that stands in for this one.
  static PidFile keep(const std::string& path);
  UniqueFd share() const;
  PidFile(PidFile&& other) noexcept : path_(std::move(other.path_)), fd_(std::move(other.fd_)) {
    other.path_.clear();
  }
  PidFile& operator=(PidFile&& other) noexcept {
    path_.swap(other.path_);  // what we had goes with `other`
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~PidFile();

 private:
  std::string path_;
  UniqueFd fd_;
};

}  // namespace lb
