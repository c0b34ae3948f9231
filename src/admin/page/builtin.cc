#include "admin/page/builtin.h"

#include <algorithm>
#include <array>
#include <utility>

namespace lb {

const BuiltinFile* builtin_file(std::string_view path) {
  const auto files = builtin_files();
  const auto found =
      std::lower_bound(files.begin(), files.end(), path,
                       [](const BuiltinFile& file, std::string_view p) { return file.path < p; });
  return found != files.end() && found->path == path ? &*found : nullptr;
}

std::string_view builtin_content_type(std::string_view path) {
  static constexpr auto kTypes = std::to_array<std::pair<std::string_view, std::string_view>>({
      {".css", "text/css"},
      {".ico", "image/x-icon"},
      {".png", "image/png"},
  });
  for (const auto& [ending, type] : kTypes) {
    if (path.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

}  // namespace lb
