#include "registry/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <tuple>
#include <utility>

#include "base/write_all.h"

namespace lb {
namespace {

constexpr int kOpenFolder = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

// All of it as one piece.
Folder::Pieces whole(std::string_view bytes) {
  return [bytes]() mutable { return std::exchange(bytes, {}); };
}

bool write_pieces(int fd, Folder::Pieces& pieces) {
  for (std::string_view piece = pieces(); !piece.empty(); piece = pieces())
    if (!write_all(fd, piece)) return false;
  return true;
}

Error folder_error(const std::string& path, std::string_view what) {
  const std::string text = path + ": " + std::string(what) + ": " + std::strerror(errno);
  return errno == ENOENT ? Error::not_found(text) : Error::io(text);
}

// Only its owner may look in.
Result<UniqueFd> own(UniqueFd fd, const std::string& path) {
  struct stat facts {};
  if (!fd || ::fstat(fd.get(), &facts) != 0) return folder_error(path, "cannot be opened");
  if ((facts.st_mode & 077) != 0 && ::fchmod(fd.get(), 0700) != 0)
    return folder_error(path, "is open to other users, which cannot be changed");
  return fd;
}

}  // namespace

Result<Folder> Folder::open(const std::string& path) {
  // The directory itself may be a link to a larger disk; what is in it may not.
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return folder_error(path, "cannot be made");
  auto fd = own(UniqueFd(::open(path.c_str(), kOpenFolder & ~O_NOFOLLOW)), path);
  if (!fd) return fd.error();
  return Folder(path, std::move(*fd));
}

Result<Folder> Folder::existing(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), kOpenFolder & ~O_NOFOLLOW));
  if (!fd) return folder_error(path, "cannot be opened");
  return Folder(path, std::move(fd));
}

Result<Folder> Folder::below(const std::string& name) const {
  if (::mkdirat(fd(), name.c_str(), 0700) == 0) {
    if (auto synced = sync(); !synced) return synced.error();
  } else if (errno != EEXIST) {
    return failed(name, "cannot be made");
  }
  std::string path = path_ + '/' + name;
  auto opened = own(UniqueFd(::openat(fd(), name.c_str(), kOpenFolder)), path);
  if (!opened) return opened.error();
  return Folder(std::move(path), std::move(*opened));
}

Error Folder::failed(std::string_view name, std::string_view what) const {
  return folder_error(path_ + '/' + std::string(name), what);
}

Result<void> Folder::write(const std::string& name, std::string_view bytes) const {
  return write(name, whole(bytes));
}

Result<void> Folder::write(const std::string& name, Pieces pieces) const {
  auto written = put(name, std::move(pieces), true);
  return written ? Result<void>() : written.error();
}

Result<UniqueFd> Folder::place(const std::string& name, std::string_view bytes) const {
  return put(name, whole(bytes), false);
}

Result<UniqueFd> Folder::put(const std::string& name, Pieces pieces, bool durable) const {
  const std::string temporary = '.' + name + ".new";
  ::unlinkat(fd(), temporary.c_str(), 0);
  UniqueFd file(::openat(fd(), temporary.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return failed(name, "cannot be written");
  if (write_pieces(file.get(), pieces) && (!durable || ::fsync(file.get()) == 0) &&
      ::renameat(fd(), temporary.c_str(), fd(), name.c_str()) == 0)
    return file;
  Error error = failed(name, "cannot be written");
  ::unlinkat(fd(), temporary.c_str(), 0);
  return error;
}

Result<std::string> Folder::read(const std::string& name, std::size_t at_most) const {
  // A FIFO must not hold the reader.
  const UniqueFd file(::openat(fd(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat facts {};
  if (!file || ::fstat(file.get(), &facts) != 0) return failed(name, "cannot be read");
  if (!S_ISREG(facts.st_mode)) return Error::io(path_ + '/' + name + ": is not a plain file");
  std::string text;
  char part[16 * 1024];
  for (;;) {
    const ssize_t n = ::read(file.get(), part, sizeof part);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed(name, "cannot be read");
    if (n == 0) return text;
    text.append(part, static_cast<std::size_t>(n));
    if (text.size() > at_most)
      return Error::limit(path_ + '/' + name + ": is larger than " + std::to_string(at_most) +
                          " bytes");
  }
}

Result<void> Folder::remove(const std::string& name) const {
  if (::unlinkat(fd(), name.c_str(), 0) == 0 || errno == ENOENT) return {};
  return failed(name, "cannot be removed");
}

Result<void> Folder::rename(const std::string& from, const std::string& to) const {
  if (::renameat(fd(), from.c_str(), fd(), to.c_str()) == 0) return {};
  return failed(from, "cannot be renamed");
}

Result<void> Folder::sync() const {
  if (::fsync(fd()) == 0) return {};
  return folder_error(path_, "cannot be synchronized");
}

Result<std::vector<std::string>> Folder::names() const {
  UniqueFd again(::openat(fd(), ".", kOpenFolder));
  const std::unique_ptr<DIR, CloseFolder> folder(again ? ::fdopendir(again.get()) : nullptr);
  if (!folder) return folder_error(path_, "cannot be listed");
  std::ignore = again.release();  // closedir() closes it
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return folder_error(path_, "cannot be listed");
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace lb
