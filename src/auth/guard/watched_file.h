// WatchedFile: a file that may be edited while the server runs: read whole, and again after a
// change.
// Thread: one owner, on the clerk (or before the loops start): its system calls may block.
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
  // The text, if it has changed since the last read; an error likewise, once for each change.
  std::optional<Result<std::string>> read_if_changed();

 private:
  std::string path_;
  std::optional<FileStamp> seen_;
  std::optional<std::size_t> hash_;  // of the last text; nullopt: an error
};

}  // namespace lb
