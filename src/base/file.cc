#include "base/file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "base/cat.h"

namespace lb {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr mode_t kEditedMode = 0640;  // of a new file

Error file_error(const std::string& path, std::string_view what) {
  std::string text = cat({path, ": ", what, ": ", std::strerror(errno)});
  return errno == ENOENT || errno == ENOTDIR ? Error::not_found(std::move(text))
                                             : Error::io(std::move(text));
}

FilePieces one_piece(std::string_view bytes) {
  return [bytes]() mutable { return std::exchange(bytes, {}); };
}

std::string temporary_name(const std::string& name) {
  const std::size_t slash = name.rfind('/') + 1;  // 0: no slash
  return cat({name.substr(0, slash), '.', name.substr(slash), ".new"});
}

bool write_pieces(int fd, FilePieces& pieces) {
  for (std::string_view piece = pieces(); !piece.empty(); piece = pieces())
    if (!write_all(fd, piece)) return false;
  return true;
}

Result<UniqueFd> place_pieces(const FileAt& file, FilePieces pieces, FileReplacing how) {
  const std::string temporary = temporary_name(file.name);
  ::unlinkat(file.directory, temporary.c_str(), 0);
  UniqueFd fd(::openat(file.directory, temporary.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, how.mode));
  if (!fd) return file_error(file.path, "cannot be written");
  if (!write_pieces(fd.get(), pieces) || (how.prepare && !how.prepare(fd.get())) ||
      (how.synced != Synced::kNothing && ::fsync(fd.get()) != 0) ||
      ::renameat(file.directory, temporary.c_str(), file.directory, file.name.c_str()) != 0) {
    Error failed = file_error(file.path, "cannot be written");
    const int error = errno;
    ::unlinkat(file.directory, temporary.c_str(), 0);
    errno = error;
    return failed;
  }
  if (how.synced == Synced::kName && !sync_name(file))
    return file_error(file.path, "cannot be written");
  return fd;
}

Result<void> write_in_place(const std::string& path, std::string_view bytes) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, kEditedMode));
  if (fd && write_all(fd.get(), bytes) &&
      ::ftruncate(fd.get(), static_cast<off_t>(bytes.size())) == 0)
    return {};
  return file_error(path, "cannot be written");
}

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> found(::realpath(path.c_str(), nullptr),
                                                          &std::free);
  return found ? found.get() : path;  // it does not exist yet
}

}  // namespace

bool sync_name(const FileAt& file) {
  const std::string directory = file.name.substr(0, file.name.rfind('/') + 1);
  const UniqueFd at(::openat(file.directory, directory.empty() ? "." : directory.c_str(),
                             O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // EINVAL: the file system cannot sync a directory.
  return at && (::fsync(at.get()) == 0 || errno == EINVAL);
}

bool read_to_end(int fd, std::string& text, std::size_t limit) {
  while (text.size() <= limit) {
    const std::size_t had = text.size(), want = std::min(kReadBytes, limit - had + 1);
    text.resize(had + want);
    const ssize_t n = ::read(fd, text.data() + had, want);
    text.resize(had + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n == 0) return true;
    if (n < 0 && errno != EINTR) return false;
  }
  return true;
}

std::size_t read_at(int fd, std::uint64_t offset, std::span<std::byte> into) {
  std::size_t filled = 0;
  while (filled < into.size()) {
    const ssize_t n = ::pread(fd, into.data() + filled, into.size() - filled,
                              static_cast<off_t>(offset + filled));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    filled += static_cast<std::size_t>(n);
  }
  return filled;
}

std::optional<std::string> read_shared(const UniqueFd& fd, std::size_t limit) {
  struct stat facts {};
  if (!fd || ::fstat(fd.get(), &facts) != 0 || facts.st_size < 0 ||
      static_cast<std::uint64_t>(facts.st_size) > limit)
    return std::nullopt;
  std::string bytes(static_cast<std::size_t>(facts.st_size), 0);
  if (read_at(fd.get(), 0, std::as_writable_bytes(std::span(bytes))) != bytes.size())
    return std::nullopt;
  return bytes;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = ENOSPC;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

Result<FileText> read_file(const FileAt& file, FileReading reading) {
  // O_NONBLOCK: a FIFO must not block.  O_NOCTTY: a terminal must not become the server's.
  const UniqueFd fd(::openat(
      file.directory, file.name.c_str(),
      O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (reading.follows_links ? 0 : O_NOFOLLOW)));
  struct stat facts {};
  if (!fd || ::fstat(fd.get(), &facts) != 0) return file_error(file.path, "cannot be read");
  if (!S_ISREG(facts.st_mode)) return Error::invalid(file.path + ": is not a regular file");
  FileText read{{}, FileStamp::of(facts)};
  const auto size = static_cast<std::size_t>(facts.st_size);
  read.text.reserve(std::min(size, reading.limit) + 1);
  if (!read_to_end(fd.get(), read.text, reading.limit))
    return file_error(file.path, "cannot be read");
  if (read.text.size() <= reading.limit) return read;
  if (!reading.cut)
    return Error::limit(cat({file.path, ": is larger than ", reading.limit, " bytes"}));
  read.text.resize(reading.limit);
  return read;
}

Result<UniqueFd> place_file(const FileAt& file, std::string_view bytes, FileReplacing how) {
  return place_pieces(file, one_piece(bytes), std::move(how));
}

Result<void> replace_file(const FileAt& file, FilePieces pieces, FileReplacing how) {
  const auto placed = place_pieces(file, std::move(pieces), std::move(how));
  return placed ? Result<void>() : placed.error();
}

Result<void> replace_file(const FileAt& file, std::string_view bytes, FileReplacing how) {
  return replace_file(file, one_piece(bytes), std::move(how));
}

Result<void> replace_edited_file(const std::string& path, std::string_view bytes) {
  const std::string target = real_path(path);
  struct stat facts {};
  const bool exists = ::stat(target.c_str(), &facts) == 0;
  std::string temporary = target + ".XXXXXX";
  const UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) {
    if (errno == EACCES || errno == EPERM || errno == EROFS) return write_in_place(target, bytes);
    return file_error(temporary, "cannot be created");
  }
  // A failed chown must not lose the change: a user that may write here may also read the file.
  if (exists && ::fchown(fd.get(), facts.st_uid, facts.st_gid) != 0) errno = 0;
  if (::fchmod(fd.get(), exists ? facts.st_mode & 07777 : kEditedMode) == 0 &&
      write_all(fd.get(), bytes) && ::fsync(fd.get()) == 0 &&
      ::rename(temporary.c_str(), target.c_str()) == 0)
    return {};
  const Error error = file_error(target, "cannot be replaced");
  ::unlink(temporary.c_str());
  return error;
}

bool is_directory(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace lb
