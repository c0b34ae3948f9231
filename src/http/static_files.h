// StaticFiles: files of the web root, with MIME types and byte ranges.
// Source: Icecast 2.4.4, RFC 9110 section 14 (ranges).
//
// Thread: immutable after construction, so usable from any thread; a reload makes a new one.
// Ownership: shared; app/services/runtime publishes it.
// Opening is one stat, one open and one fstat; nothing is read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"

namespace lb {

// Extension → type.  Extensions in any case.
class MimeTypes {
 public:
  MimeTypes();  // the built-in ones

  // Adds "type ext ext…" lines ('#' begins a comment), which override the built-in ones; at most 1
  // MiB of file.  An error changes nothing.
  Result<void> load(const std::string& path);
  void add_lines(std::string_view text);

  // "application/octet-stream" for unknown extensions.
  std::string_view type_of(std::string_view path) const;

 private:
  std::unordered_map<std::string, std::string> types_;
};

struct FileAnswer {
  int status = 200;          // 200; 206: a part; 416: no fd, kRangeText is the body
  UniqueFd fd;               // regular file, position unchanged: use offsets
  std::uint64_t size = 0;    // of the whole file
  std::uint64_t first = 0;   // first byte to send
  std::uint64_t length = 0;  // how many to send
  std::string content_type;

  std::uint64_t last() const noexcept { return first + length - 1; }  // REQUIRES: length > 0
  // "Accept-Ranges" and "Content-Range" lines for ResponseHead::extra.
  std::string header_lines() const;
};

// The text of a 416 reply (text/plain).
inline constexpr std::string_view kRangeText = "Request Range Not Satisfiable\r\n";

// The extension of a path: after the last '.' of its last segment, lower case; trailing dots and
// spaces do not hide it.
std::string path_extension(std::string_view path);
// Whether a path names a template: an extension that begins with "xsl".
bool is_template_path(std::string_view path);

class StaticFiles {
 public:
  // serve: <fileserve>.  webroot: absolute, without a '/' at its end.
  StaticFiles(std::string webroot, bool serve, MimeTypes types)
      : webroot_(std::move(webroot)), types_(std::move(types)), serve_(serve) {}

  // path: decoded and checked (decode_path), or from the configuration. range: the header's value,
  // "" without one.  Templates are never served as files.  Errors: kNotFound: no readable regular
  // file; kIo: no free descriptors.
  Result<FileAnswer> open_file(std::string_view path, std::string_view range) const;

  // Whether open_file() would find a file, whose name no mount may take (doc/decisions.md B5).
  bool has_file(std::string_view path) const;

  const MimeTypes& types() const noexcept { return types_; }

 private:
  std::string webroot_;
  MimeTypes types_;
  bool serve_;
};

}  // namespace lb
