#include "base/log_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/cat.h"

namespace lb {
namespace {

bool standard_error(const std::string& path) {
  return path.empty() || path == "-" || path == "/dev/stderr";
}
bool standard_output(const std::string& path) { return path == "/dev/stdout"; }

// `now` if the file system has no birth time, or one in the future.
WallTime birth_of(int fd, WallTime now) {
  struct statx info {};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &info) != 0 || (info.stx_mask & STATX_BTIME) == 0)
    return now;
  return std::min(now, WallTime(std::chrono::seconds(info.stx_btime.tv_sec)));
}

}  // namespace

LogFile::LogFile(std::string path, UniqueFd fd, const Limits& limits, WallTime now)
    : path_(std::move(path)),
      fd_(std::move(fd)),
      limits_(limits),
      rotate_above_(limits.max_bytes),
      begun_(now) {
  struct stat info {};
  regular_ = ::fstat(fd_.get(), &info) == 0 && S_ISREG(info.st_mode);
  // The file of a redirected output belongs to the service manager or shell that redirected it.
  ours_ = regular_ && !standard_error(path_) && !standard_output(path_);
  if (!ours_) return;
  bytes_ = static_cast<std::uint64_t>(info.st_size);
  if (bytes_ > 0) begun_ = birth_of(fd_.get(), now);
}

Result<std::shared_ptr<LogFile>> LogFile::open(const std::string& path, const Limits& limits,
                                               WallTime now) {
  // /dev/stderr cannot be opened if it is a socket (systemd's journal) or another user's.
  int fd = -1;
  if (standard_error(path)) {
    fd = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  } else if (standard_output(path)) {
    fd = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  } else {
    // O_NONBLOCK: a FIFO without a reader fails instead of hanging the start.
    fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                0644);
  }
  if (fd < 0)
    return Error::io(
        cat({"log file ", path, ": cannot be opened: ", std::generic_category().message(errno)}));
  return std::make_shared<LogFile>(path, UniqueFd(fd), limits, now);
}

bool LogFile::is_standard_error() const noexcept { return standard_error(path_); }

bool LogFile::write(std::string_view line) {
  if (regular_) return write_once(line) == line.size();
  // A pipe or a terminal that is not read must not block the server.  The lock keeps another thread
  // from taking the room that poll() has found.
  std::lock_guard<std::mutex> guard(mutex_);
  pollfd ready{fd_.get(), POLLOUT, 0};
  return ::poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) != 0 &&
         write_once(line) == line.size();
}

std::size_t LogFile::write_lines(std::string_view lines) {
  std::size_t lost = 0;
  if (regular_) {
    const std::string_view rest = lines.substr(write_once(lines));
    return static_cast<std::size_t>(std::count(rest.begin(), rest.end(), '\n'));
  }
  while (!lines.empty()) {
    const std::size_t length = lines.find('\n') + 1;
    if (!write(lines.substr(0, length))) ++lost;
    lines.remove_prefix(length);
  }
  return lost;
}

bool LogFile::due(const Clock& clock) const noexcept {
  if (!ours_ || bytes_ == 0) return false;
  const std::uint64_t limit = rotate_above_;
  if (limit != 0 && bytes_ > limit) return true;
  return limits_.max_age.count() != 0 && clock.wall() - begun_.load() >= limits_.max_age;
}

void LogFile::put_off_rotation(WallTime now) noexcept {
  if (limits_.max_bytes != 0) rotate_above_ = bytes_ + limits_.max_bytes;
  begun_ = now;
}

std::size_t LogFile::write_once(std::string_view line) {
  const std::size_t asked = line.size();
  std::string repaired;
  if (torn_.exchange(false)) {
    // A full disk cut an earlier line, and a newline separates this one from it.
    repaired.reserve(line.size() + 1);
    repaired.append(1, '\n').append(line);
    line = repaired;
  }
  ssize_t written = 0;
  do {
    written = ::write(fd_.get(), line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written > 0) bytes_ += static_cast<std::uint64_t>(written);
  const bool nothing = written <= 0;
  const bool whole = !nothing && static_cast<std::size_t>(written) == line.size();
  if (nothing ? !repaired.empty() : !whole) torn_ = true;
  const std::size_t more = line.size() - asked;  // the added newline
  return nothing ? 0
                 : static_cast<std::size_t>(written) -
                       std::min<std::size_t>(more, static_cast<std::size_t>(written));
}

}  // namespace lb
