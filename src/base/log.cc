#include "base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <mutex>
#include <system_error>
#include <utility>

#include "base/encoding.h"
#include "base/snapshot.h"
#include "base/unique_fd.h"

namespace lb {
namespace {

// A line of at most this much goes into a pipe in one piece (PIPE_BUF), and without blocking once
// poll(2) has said "writable".
constexpr std::size_t kMaxLine = 4096;

std::tm local_time(WallTime now) noexcept {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return parts;
}

void append_stamp(std::string& out, WallTime now) {
  std::array<char, 32> text{};
  const std::tm parts = local_time(now);
  out.append(text.data(), std::strftime(text.data(), text.size(), "[%Y-%m-%d  %H:%M:%S] ", &parts));
}

void append_archive_suffix(std::string& out, WallTime now) {
  std::array<char, 32> text{};
  const std::tm parts = local_time(now);
  out.append(text.data(), std::strftime(text.data(), text.size(), ".%Y%m%d_%H%M%S", &parts));
}

// What could move a cursor, forge a line or colour a terminal becomes \xNN: control characters of
// ASCII and of Latin-1 (in UTF-8: C2 80 to C2 9F), and bytes that are no UTF-8.
void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  while (!text.empty()) {
    std::size_t length = utf8_char(text);
    const auto first = static_cast<unsigned char>(text[0]);
    const bool control =
        first < 0x20 || first == 0x7f ||
        (first == 0xc2 && length == 2 && static_cast<unsigned char>(text[1]) < 0xa0);
    if (length != 0 && !control) {
      out += text.substr(0, length);
    } else {
      length = length == 0 ? 1 : length;
      for (const char c : text.substr(0, length)) {
        const auto byte = static_cast<unsigned char>(c);
        out += "\\x";
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
      }
    }
    text.remove_prefix(length);
  }
}

std::string errno_text(int number) { return std::generic_category().message(number); }

// One open log file.  Threads: write() from any.
class LogFile {
 public:
  LogFile(std::string path, UniqueFd fd, std::uint64_t max_bytes)
      : path_(std::move(path)), fd_(std::move(fd)), rotate_above_(max_bytes) {
    struct stat info {};
    regular_ = ::fstat(fd_.get(), &info) == 0 && S_ISREG(info.st_mode);
    if (regular_) bytes_ = static_cast<std::uint64_t>(info.st_size);
  }

  static Result<std::shared_ptr<LogFile>> open(const std::string& path, std::uint64_t max_bytes) {
    // /dev/stderr cannot be opened when it is a socket (systemd's journal) or another user's.
    int fd = -1;
    if (path.empty() || path == "-" || path == "/dev/stderr") {
      fd = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    } else if (path == "/dev/stdout") {
      fd = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    } else {
      // O_NONBLOCK: a FIFO without a reader fails instead of hanging the start.
      fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                  0644);
    }
    if (fd < 0) return Error::io("log file " + path + ": cannot be opened: " + errno_text(errno));
    return std::make_shared<LogFile>(path, UniqueFd(fd), max_bytes);
  }

  // REQUIRES: line ends with its newline
  void write(std::string_view line) {
    if (regular_) {
      write_once(line);
      return;
    }
    // A pipe or a terminal whose reader stands still must not stop us.  The lock keeps another
    // thread from filling the space that poll() has promised.
    std::lock_guard<std::mutex> guard(mutex_);
    pollfd ready{fd_.get(), POLLOUT, 0};
    if (::poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) != 0) write_once(line);
  }

  const std::string& path() const noexcept { return path_; }
  bool full() const noexcept {
    const std::uint64_t limit = rotate_above_;
    return regular_ && limit != 0 && bytes_ > limit;
  }
  // Rotation failed (read-only directory): tried again after as many bytes once more.
  void put_off_rotation(std::uint64_t max_bytes) noexcept { rotate_above_ = bytes_ + max_bytes; }

 private:
  void write_once(std::string_view line) {
    std::string healed;
    if (torn_.exchange(false)) {
      // The disk filled up in the middle of an earlier line; it must not swallow this one.
      healed.reserve(line.size() + 1);
      healed.append(1, '\n').append(line);
      line = healed;
    }
    ssize_t written = 0;
    do {
      written = ::write(fd_.get(), line.data(), line.size());
    } while (written < 0 && errno == EINTR);
    if (written > 0) bytes_ += static_cast<std::uint64_t>(written);
    const bool nothing = written <= 0;
    if (nothing ? !healed.empty() : static_cast<std::size_t>(written) < line.size()) torn_ = true;
  }

  const std::string path_;
  const UniqueFd fd_;
  bool regular_ = false;
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> rotate_above_;
  std::atomic<bool> torn_{false};
  std::mutex mutex_;
};

enum Slot : std::size_t { kErrorLog, kAccessLog, kPlaylistLog, kSlots };
using Slots = std::array<std::shared_ptr<LogFile>, kSlots>;

}  // namespace

struct Log::Files {
  explicit Files(const Clock& the_clock) : clock(the_clock), open_files(std::make_shared<Slots>()) {
    Slots first;
    auto file = LogFile::open("-", 0);
    if (file) first[kErrorLog] = *file;
    open_files.publish(std::make_shared<const Slots>(std::move(first)));
  }

  void put(Slot slot, std::string_view line) {
    std::shared_ptr<LogFile> file = (*open_files.read())[slot];
    if (!file) return;
    if (file->full()) file = rotated(slot, std::move(file));
    file->write(line);
  }

  std::shared_ptr<LogFile> rotated(Slot slot, std::shared_ptr<LogFile> file) {
    std::lock_guard<std::mutex> guard(mutex);
    const std::shared_ptr<const Slots> now = open_files.read();
    if ((*now)[slot] != file) return (*now)[slot] ? (*now)[slot] : file;  // another thread did it
    const std::string old_name = name_of_old(file->path());
    // ENOENT: somebody else has moved the file away; a new one is due all the same.
    if (::rename(file->path().c_str(), old_name.c_str()) != 0 && errno != ENOENT) {
      file->put_off_rotation(settings.max_bytes);
      return file;
    }
    auto fresh = LogFile::open(file->path(), settings.max_bytes);
    if (!fresh) {
      file->put_off_rotation(settings.max_bytes);
      return file;
    }
    Slots next = *now;
    next[slot] = *fresh;
    open_files.publish(std::make_shared<const Slots>(std::move(next)));
    return *fresh;
  }

  // REQUIRES: mutex held
  std::string name_of_old(const std::string& path) const {
    if (!settings.archive) return path + ".old";
    std::string name = path;
    append_archive_suffix(name, clock.wall());
    // Two rotations within one second (or one repeated by a change of the clock) keep both.
    const std::string first = name;
    for (int i = 1; i < 100 && ::access(name.c_str(), F_OK) == 0; ++i) {
      name = first + "." + std::to_string(i);
    }
    return name;
  }

  const Clock& clock;
  std::mutex mutex;  // one opens or rotates at a time; guards settings
  LogSettings settings;
  std::atomic<LogLevel> level{LogLevel::kWarn};  // until open(), as Icecast
  Snapshot<Slots> open_files;
};

Log::Log(const Clock& clock) : files_(std::make_unique<Files>(clock)) {}
Log::~Log() = default;

Result<void> Log::open(const LogSettings& settings) {
  std::lock_guard<std::mutex> guard(files_->mutex);
  Slots next;
  const std::array<const std::string*, kSlots> paths = {&settings.error_path, &settings.access_path,
                                                        &settings.playlist_path};
  for (std::size_t i = 0; i < kSlots; ++i) {
    if (paths[i]->empty() && i != kErrorLog) continue;
    auto file = LogFile::open(*paths[i], settings.max_bytes);
    if (!file) return file.error();
    next[i] = *std::move(file);
  }
  files_->settings = settings;
  files_->level = settings.level;
  files_->open_files.publish(std::make_shared<const Slots>(std::move(next)));
  return {};
}

bool Log::enabled(LogLevel level) const noexcept { return level <= files_->level.load(); }

void Log::write(LogLevel level, std::string_view module, std::string_view text) {
  if (!enabled(level)) return;
  constexpr std::array<std::string_view, 4> kNames = {"EROR", "WARN", "INFO", "DBUG"};
  std::string line;
  line.reserve(64 + module.size() + text.size());
  append_stamp(line, files_->clock.wall());
  line += kNames[static_cast<std::size_t>(level) - 1];
  line += ' ';
  append_escaped(line, module);
  line += ' ';
  append_escaped(line, text.substr(0, kMaxLine));
  if (line.size() >= kMaxLine) line.resize(kMaxLine - 1);
  line += '\n';
  files_->put(kErrorLog, line);
}

void Log::access(std::string_view line) {
  std::string text(line.substr(0, kMaxLine - 1));
  text += '\n';
  files_->put(kAccessLog, text);
}

void Log::playlist(std::string_view line) {
  std::string text;
  text.reserve(line.size() + 1);
  append_escaped(text, line.substr(0, kMaxLine));
  if (text.size() >= kMaxLine) text.resize(kMaxLine - 1);
  text += '\n';
  files_->put(kPlaylistLog, text);
}

bool RepeatGuard::pass(SteadyTime now, unsigned& suppressed) noexcept {
  if (any_ && now - last_ < std::chrono::seconds(1)) {
    ++held_;
    return false;
  }
  suppressed = std::exchange(held_, 0);
  last_ = now;
  any_ = true;
  return true;
}

}  // namespace lb
