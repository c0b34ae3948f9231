// TextFile: a small file that is edited while the server runs: read whole, again when it changed.
// Thread: one owner, on the clerk (or before the loops start): it makes system calls that may
// block.
// Bounds: 64 MiB.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/file_stamp.h"
#include "base/result.h"

namespace lb {

// The whole file, and the stamp of what was read.
struct FileText {
  std::string text;
  FileStamp stamp;
};
Result<FileText> read_file_text(const std::string& path);

// Replaces a file in one step: readers see the old text or the new one.  The mode and, where
// possible, the owner stay; a symbolic link stays one.  Where the directory may not be written, the
// file is written in place.
Result<void> replace_file_text(const std::string& path, std::string_view text);

class TextFile {
 public:
  explicit TextFile(std::string path) : path_(std::move(path)) {}
  const std::string& path() const noexcept { return path_; }
  // The text, if the file is not the one that was read last; an error is returned once a change,
  // too.
  std::optional<Result<std::string>> read_if_changed();

 private:
  std::string path_;
  std::optional<FileStamp> seen_;
};

}  // namespace lb
