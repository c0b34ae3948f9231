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

#include "base/cat.h"

namespace lb {
namespace {

constexpr int kOpenFolder = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

Error folder_error(const std::string& path, std::string_view what) {
  const std::string text = cat({path, ": ", what, ": ", std::strerror(errno)});
  return errno == ENOENT ? Error::not_found(text) : Error::io(text);
}

// Removes the rights of other users.
Result<UniqueFd> own(UniqueFd fd, const std::string& path) {
  struct stat facts {};
  if (!fd || ::fstat(fd.get(), &facts) != 0) return folder_error(path, "cannot be opened");
  if ((facts.st_mode & 077) != 0 && ::fchmod(fd.get(), 0700) != 0)
    return folder_error(path, "is open to other users, which cannot be changed");
  return fd;
}

}  // namespace

Result<Folder> Folder::open(const std::string& path) {
  // The directory itself may be a link to a larger disk; its content must not be links.
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return folder_error(path, "cannot be made");
  auto fd = own(UniqueFd(::open(path.c_str(), kOpenFolder & ~O_NOFOLLOW)), path);
  if (!fd) return fd.error();
  return Folder(path, std::move(*fd));
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
  return folder_error(cat({path_, '/', name}), what);
}

Result<void> Folder::write(const std::string& name, std::string_view bytes) const {
  return replace_file(at(name), bytes, {.synced = Synced::kBytes});
}

Result<UniqueFd> Folder::place(const std::string& name, std::string_view bytes) const {
  return place_file(at(name), bytes, {.synced = Synced::kNothing});
}

Result<std::string> Folder::read(const std::string& name, std::size_t at_most) const {
  auto read = read_file(at(name), {.limit = at_most, .follows_links = false});
  return read ? Result<std::string>(std::move(read->text)) : read.error();
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
