// The pages built into the program: admin/ and web/ of the source tree, embedded by embed.sh.
// Thread: constant data.
#pragma once

#include <span>
#include <string_view>

namespace lb {

struct BuiltinFile {
  std::string_view path;  // "web/style.css", "admin/stats.xsl"
  std::string_view bytes;
  std::string_view gzip;  // the same, compressed; "": not worth it
};

// Sorted by path.  Defined in the generated builtin_data.cc.
std::span<const BuiltinFile> builtin_files();
// nullptr: no such file.
const BuiltinFile* builtin_file(std::string_view path);
// For static files of web/: "text/css", "image/png" …
std::string_view builtin_content_type(std::string_view path);

}  // namespace lb
