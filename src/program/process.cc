#include "program/process.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <string_view>

#include "base/cat.h"

namespace lb {
namespace {

Error failed(std::string_view what) { return Error::io(cat({what, ": ", std::strerror(errno)})); }

}  // namespace

void write_console(int fd, std::string_view text) {
  [[maybe_unused]] const auto n = ::write(fd, text.data(), text.size());
}

void go_to_background() {
  write_console(STDOUT_FILENO, "Starting icecast2\nDetaching from the console\n");
  const pid_t child = ::fork();
  if (child > 0) std::_Exit(0);
  if (child == 0) ::setsid();
}

UniqueFd open_nothing() { return UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC)); }

void leave_console(const UniqueFd& nothing, const LogSettings& logs) {
  if (!nothing) return;
  const auto goes_to = [&logs](std::initializer_list<std::string_view> names) {
    for (const std::string* path : {&logs.error_path, &logs.access_path, &logs.playlist_path})
      for (const std::string_view name : names)
        if (*path == name) return true;
    return false;
  };
  ::dup2(nothing.get(), STDIN_FILENO);
  if (!goes_to({"/dev/stdout"})) ::dup2(nothing.get(), STDOUT_FILENO);
  if (!logs.error_path.empty() && !goes_to({"-", "/dev/stderr"}))
    ::dup2(nothing.get(), STDERR_FILENO);
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

std::uint64_t file_limit() noexcept {
  rlimit files{};
  return ::getrlimit(RLIMIT_FSIZE, &files) == 0 ? files.rlim_cur : RLIM_INFINITY;
}

Result<void> drop_privileges(const SecuritySettings& security, const PathSettings& paths,
                             bool debuggable) {
  // Names are looked up before a chroot hides /etc.
  gid_t group = 0;
  uid_t user = 0;
  const bool wanted = !security.user.empty() && !security.group.empty();
  const bool change = wanted && ::getuid() == 0;
  const struct passwd* u = wanted ? ::getpwnam(security.user.c_str()) : nullptr;
  if (wanted && !change && (u == nullptr || u->pw_uid != ::getuid()))
    write_console(STDERR_FILENO, "WARNING: Can't change user id unless you are root.\n");
  if (change) {
    const struct group* g = ::getgrnam(security.group.c_str());
    if (g == nullptr)
      return Error::not_found(cat({"security/changeowner: no group \"", security.group, "\""}));
    if (u == nullptr)
      return Error::not_found(cat({"security/changeowner: no user \"", security.user, "\""}));
    group = g->gr_gid;
    user = u->pw_uid;
    if (::initgroups(security.user.c_str(), group) != 0) return failed("initgroups");
  }
  if (security.chroot) {
    if (::getuid() != 0) {
      write_console(STDERR_FILENO, "WARNING: Cannot change server root unless running as root.\n");
    } else {
      if (::chroot(paths.basedir.c_str()) != 0)
        return failed(cat({"chroot to \"", paths.basedir, "\""}));
      if (::chdir("/") != 0) return failed("chdir to the new root");
      write_console(STDOUT_FILENO,
                    cat({"Changed root successfully to \"", paths.basedir, "\".\n"}));
    }
  }
  if (change) {
    if (::setgid(group) != 0) return failed("setgid");
    write_console(STDOUT_FILENO, cat({"Changed groupid to ", group, ".\n"}));
    write_console(STDOUT_FILENO,
                  cat({"Changed supplementary groups based on user: ", security.user, ".\n"}));
    if (::setuid(user) != 0) return failed("setuid");
    write_console(STDOUT_FILENO, cat({"Changed userid to ", user, ".\n"}));
  }
  // Other processes of the same user, which many services may share, must not read passwords and
  // keys from this process.  The kernel sees to it at a change of user, and forgets it at the next
  // program, which takes over.
  if (u != nullptr && u->pw_uid == ::getuid())
    ::prctl(PR_SET_DUMPABLE, debuggable ? 1 : 0, 0, 0, 0);
  if (::getuid() == 0)
    return Error::denied(
        "ERROR: You should not run icecast2 as root\nUse the changeowner directive in the config "
        "file");
  return {};
}

bool only_root_writes(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  for (const std::string& place : {path, directory}) {
    struct stat info {};
    if (::stat(place.c_str(), &info) != 0 || info.st_uid != 0) return false;
    const bool sticky = S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX) != 0;  // as /tmp is
    if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky) return false;
  }
  return true;
}

Result<PidFile> PidFile::write(const std::string& path) {
  PidFile file;
  if (path.empty()) return file;
  // O_NONBLOCK makes a FIFO without a reader an error instead of a wait.
  UniqueFd fd(::open(path.c_str(),
                     O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644));
  const std::string text = cat({::getpid(), "\n"});
  if (!fd || ::write(fd.get(), text.data(), text.size()) < 0)
    return failed(cat({"paths/pidfile: cannot write \"", path, "\""}));
  file.path_ = path;
  file.fd_ = std::move(fd);
  return file;
}

Result<PidFile> PidFile::write_again(UniqueFd fd, const std::string& path) {
  if (!fd || path.empty()) return write(path);
  // The configured name has changed; the old file would name this process for ever.
  struct stat ours {
  }, named{};
  const bool same = ::fstat(fd.get(), &ours) == 0 && ::stat(path.c_str(), &named) == 0 &&
                    ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
  if (!same)
    if (auto other = write(path)) {
      std::array<char, PATH_MAX> old{};
      const std::string link = cat({"/proc/self/fd/", fd.get()});
      if (::readlink(link.c_str(), old.data(), old.size() - 1) > 0) ::unlink(old.data());
      return other;
    }
  PidFile file;
  if (!put_number(fd, ::getpid()))
    return failed(cat({"paths/pidfile: cannot write \"", path, "\""}));
  file.path_ = path;
  file.fd_ = std::move(fd);
  return file;
}

bool PidFile::put_number(const UniqueFd& fd, pid_t pid) {
  const std::string text = cat({pid, "\n"});
  return ::pwrite(fd.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) &&
         ::ftruncate(fd.get(), static_cast<off_t>(text.size())) == 0;
}

PidFile PidFile::keep(const std::string& path) {
  PidFile file;
  file.path_ = path;
  return file;
}

UniqueFd PidFile::share() const {
  return fd_ ? UniqueFd(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 3)) : UniqueFd();
}

PidFile::~PidFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace lb
