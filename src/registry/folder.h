// Folder: a directory whose files are replaced whole and durably.
//
// Names are looked up below the directory's descriptor, without symbolic links.  Files are 0600,
// directories 0700.
// Thread: one owner, on a thread that may wait for a disk.
// Errors: those of base/file.h.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace lb {

class Folder {
 public:
  // Creates it if missing (its parent must exist), and removes rights of others.
  static Result<Folder> open(const std::string& path);
  Result<Folder> below(const std::string& name) const;

  const std::string& path() const noexcept { return path_; }
  int fd() const noexcept { return fd_.get(); }

  // The bytes are on the disk on return; the name after a sync().
  Result<void> write(const std::string& name, std::string_view bytes) const;
  // The bytes have this name on return; on the disk after an fsync(2) of the result.
  Result<UniqueFd> place(const std::string& name, std::string_view bytes) const;
  Result<std::string> read(const std::string& name, std::size_t at_most) const;
  Result<void> remove(const std::string& name) const;  // a missing file is no error
  Result<void> rename(const std::string& from, const std::string& to) const;
  Result<void> sync() const;
  // Sorted, without . and ..
  Result<std::vector<std::string>> names() const;

 private:
  Folder(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  FileAt at(const std::string& name) const { return {fd(), path_, name}; }
  Error failed(std::string_view name, std::string_view what) const;

  std::string path_;
  UniqueFd fd_;
};

}  // namespace lb
