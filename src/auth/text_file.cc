#include "auth/text_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"
#include "base/write_all.h"

namespace lb {
namespace {

constexpr std::size_t kMaxBytes = 64 << 20;

Error io_error(const std::string& path, std::string_view what) {
  return Error::io(path + ": " + std::string(what) + ": " + std::strerror(errno));
}

std::string real_path(const std::string& path) {
  char* found = ::realpath(path.c_str(), nullptr);
  if (found == nullptr) return path;  // not there yet
  std::string real = found;
  ::free(found);
  return real;
}

Result<void> write_in_place(const std::string& path, std::string_view text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0640));
  if (!fd) return io_error(path, "cannot be written");
  if (!write_all(fd.get(), text) || ::ftruncate(fd.get(), static_cast<off_t>(text.size())) != 0)
    return io_error(path, "cannot be written");
  return {};
}

}  // namespace

Result<FileText> read_file_text(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) {
    const Error error = io_error(path, "cannot be opened");
    return errno == ENOENT ? Error::not_found(error.what) : error;
  }
  struct stat facts {};
  if (::fstat(fd.get(), &facts) != 0) return io_error(path, "cannot be read");
  if (!S_ISREG(facts.st_mode)) return Error::invalid(path + ": is not a regular file");
  FileText file;
  file.stamp = FileStamp::of(facts);
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error(path, "cannot be read");
    if (n == 0) return file;
    file.text.append(buffer, static_cast<std::size_t>(n));
    if (file.text.size() > kMaxBytes)
      return Error::limit(path + ": is larger than " + std::to_string(kMaxBytes) + " bytes");
  }
}

Result<void> replace_file_text(const std::string& path, std::string_view text) {
  const std::string target = real_path(path);
  struct stat facts {};
  const bool exists = ::stat(target.c_str(), &facts) == 0;
  std::string temporary = target + ".XXXXXX";
  UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) {
    if (errno == EACCES || errno == EPERM || errno == EROFS) return write_in_place(target, text);
    return io_error(temporary, "cannot be created");
  }
  // A failed chown is no reason to lose the change: a user that may write here may also read it.
  if (exists && ::fchown(fd.get(), facts.st_uid, facts.st_gid) != 0) errno = 0;
  const bool written = ::fchmod(fd.get(), exists ? facts.st_mode & 07777 : 0640) == 0 &&
                       write_all(fd.get(), text) && ::fsync(fd.get()) == 0 &&
                       ::rename(temporary.c_str(), target.c_str()) == 0;
  if (written) return {};
  const Error error = io_error(target, "cannot be replaced");
  ::unlink(temporary.c_str());
  return error;
}

std::optional<Result<std::string>> TextFile::read_if_changed() {
  const FileStamp now = FileStamp::of_file(path_);
  if (seen_ && *seen_ == now) return std::nullopt;
  auto file = read_file_text(path_);
  if (!file) {
    seen_ = now;
    return Result<std::string>(file.error());
  }
  // The stamp of the open file: what is written while we read counts as another change.
  seen_ = file->stamp;
  return Result<std::string>(std::move(file->text));
}

}  // namespace lb
