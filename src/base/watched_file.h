// WatchedFile: a file that is edited while the server runs: read whole, again when it changed.
// Thread: one owner, on the clerk (or before the loops start): it makes system calls that may
// block.
// Bounds: FileReading's usual limit.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "base/file_stamp.h"
#include "base/result.h"

namespace lb {

class WatchedFile {
 public:
  explicit WatchedFile(std::string path) : path_(std::move(path)) {}
  const std::string& path() const noexcept { return path_; }
  // The text, if it is not the one that was read last; an error is returned once a change, too.
  std::optional<Result<std::string>> read_if_changed();

 private:
  std::string path_;
  std::optional<FileStamp> seen_;
  std::optional<std::size_t> hash_;  // of the text that was read last; nullopt: an error
};

}  // namespace lb
