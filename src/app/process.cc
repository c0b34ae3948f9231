#include "app/process.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/unique_fd.h"

namespace lb {
namespace {

void say(int fd, std::string_view text) {
  [[maybe_unused]] const auto n = ::write(fd, text.data(), text.size());
}

Error failed(std::string_view what) {
  return Error::io(std::string(what) + ": " + std::strerror(errno));
}

}  // namespace

void go_to_background() {
  say(STDOUT_FILENO, "Starting icecast2\nDetaching from the console\n");
  const pid_t child = ::fork();
  if (child > 0) std::_Exit(0);
  if (child == 0) ::setsid();
}

void raise_limits() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  ::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

Result<void> drop_privileges(const SecuritySettings& security, const PathSettings& paths) {
  // The names are looked up before a chroot hides /etc.
  gid_t group = 0;
  uid_t user = 0;
  const bool change = !security.user.empty() && !security.group.empty();
  if (change) {
    const struct group* g = ::getgrnam(security.group.c_str());
    const struct passwd* u = ::getpwnam(security.user.c_str());
    if (g == nullptr)
      return Error::not_found("security/changeowner: no group \"" + security.group + "\"");
    if (u == nullptr)
      return Error::not_found("security/changeowner: no user \"" + security.user + "\"");
    group = g->gr_gid;
    user = u->pw_uid;
  }
  if (change && ::getuid() == 0 && ::initgroups(security.user.c_str(), group) != 0)
    return failed("initgroups");
  if (security.chroot) {
    if (::getuid() != 0) {
      say(STDERR_FILENO, "WARNING: Cannot change server root unless running as root.\n");
    } else {
      if (::chroot(paths.basedir.c_str()) != 0)
        return failed("chroot to \"" + paths.basedir + "\"");
      if (::chdir("/") != 0) return failed("chdir to the new root");
      say(STDOUT_FILENO, "Changed root successfully to \"" + paths.basedir + "\".\n");
    }
  }
  if (change && ::getuid() == 0) {
    if (::setgid(group) != 0) return failed("setgid");
    say(STDOUT_FILENO, "Changed groupid to " + std::to_string(group) + ".\n");
    say(STDOUT_FILENO, "Changed supplementary groups based on user: " + security.user + ".\n");
    if (::setuid(user) != 0) return failed("setuid");
    say(STDOUT_FILENO, "Changed userid to " + std::to_string(user) + ".\n");
    // Changing the user makes the kernel forget this; core files and gdb are for the owner.
    ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  }
  if (::getuid() == 0)
    return Error::denied(
        "ERROR: You should not run icecast2 as root\nUse the changeowner directive in the config "
        "file");
  return {};
}

Result<PidFile> PidFile::write(const std::string& path) {
  PidFile file;
  if (path.empty()) return file;
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
  const std::string text = std::to_string(::getpid()) + "\n";
  if (!fd || ::write(fd.get(), text.data(), text.size()) < 0)
    return failed("paths/pidfile: cannot write \"" + path + "\"");
  file.path_ = path;
  return file;
}

PidFile::~PidFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace lb
