#include "http/static_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <optional>
#include <utility>

#include "base/strings.h"

namespace lb {
namespace {

constexpr std::size_t kMaxMimeFile = 1 << 20;

constexpr std::string_view kBuiltInTypes =
    "application/ogg ogg\naudio/ogg oga opus spx\nvideo/ogg ogv\naudio/mpeg mp3\naudio/aac aac\n"
    "audio/flac flac\naudio/mp4 m4a\nvideo/mp4 mp4\naudio/wav wav\nvideo/webm webm\n"
    "audio/x-mpegurl m3u\naudio/x-scpls pls\napplication/vnd.apple.mpegurl m3u8\n"
    "video/mp2t ts\napplication/xspf+xml xspf\n"
    "text/html html htm\ntext/css css\ntext/plain txt\ntext/javascript js mjs\ntext/vtt vtt\n"
    "application/json json map\napplication/xml xml\napplication/pdf pdf\n"
    "application/wasm wasm\napplication/manifest+json webmanifest\n"
    "image/jpeg jpg jpeg\nimage/png png\nimage/gif gif\nimage/svg+xml svg\nimage/webp webp\n"
    "image/x-icon ico\nfont/woff woff\nfont/woff2 woff2\nfont/ttf ttf\n";

struct Range {
  std::uint64_t first = 0, length = 0;
};
enum class RangeKind { kWhole, kPart, kBad };

// Digits only; a number too large for 64 bits is the largest one, which is past any file's end.
std::optional<std::uint64_t> read_position(std::string_view text) noexcept {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || !std::all_of(text.begin(), text.end(), digit)) return std::nullopt;
  return parse_u64(text).value_or(std::numeric_limits<std::uint64_t>::max());
}

// "bytes=a-b", "bytes=a-", "bytes=-n".  Several ranges would need a multipart reply, which no
// player asks a radio server for; RFC 9110 allows the whole file instead.
RangeKind read_range(std::string_view text, std::uint64_t size, Range& range) {
  constexpr std::string_view kUnit = "bytes=";
  text = trim(text);
  if (text.empty()) return RangeKind::kWhole;
  if (!istarts_with(text, kUnit)) return RangeKind::kBad;
  text.remove_prefix(kUnit.size());
  if (text.find(',') != std::string_view::npos) return RangeKind::kWhole;
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return RangeKind::kBad;
  const std::string_view from = trim(text.substr(0, dash));
  const std::string_view to = trim(text.substr(dash + 1));
  const auto first = read_position(from);
  const auto last = read_position(to);
  if ((!from.empty() && !first) || (!to.empty() && !last)) return RangeKind::kBad;
  if (first) {
    if (*first >= size || (last && *last < *first)) return RangeKind::kBad;
    range.first = *first;
    range.length = (last ? std::min(*last, size - 1) : size - 1) - *first + 1;
    return RangeKind::kPart;
  }
  if (!last || *last == 0 || size == 0) return RangeKind::kBad;
  range.length = std::min(*last, size);
  range.first = size - range.length;
  return RangeKind::kPart;
}

bool regular(const struct stat& info) noexcept { return S_ISREG(info.st_mode); }

}  // namespace

std::string path_extension(std::string_view path) {
  while (!path.empty() && (path.back() == '.' || path.back() == ' ')) path.remove_suffix(1);
  path = path.substr(path.rfind('/') + 1);
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? std::string() : to_lower(path.substr(dot + 1));
}

bool is_template_path(std::string_view path) { return istarts_with(path_extension(path), "xsl"); }

MimeTypes::MimeTypes() { add_lines(kBuiltInTypes); }

void MimeTypes::add_lines(std::string_view text) {
  for (std::string_view line : split(text, '\n')) {
    line = line.substr(0, line.find('#'));
    std::string_view type;
    while (!(line = trim(line)).empty()) {
      const std::string_view word = line.substr(0, line.find_first_of(" \t\r"));
      line.remove_prefix(word.size());
      if (type.empty()) {
        type = word;
      } else {
        types_[to_lower(word)] = type;
      }
    }
  }
}

Result<void> MimeTypes::load(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat info {};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0 || !regular(info)) {
    return Error::io("MIME types " + path + ": cannot be read; the built-in ones are used");
  }
  std::string text(std::min<std::size_t>(static_cast<std::size_t>(info.st_size), kMaxMimeFile),
                   '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got = ::read(fd.get(), text.data() + filled, text.size() - filled);
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  text.resize(filled);
  add_lines(text);
  return {};
}

std::string_view MimeTypes::type_of(std::string_view path) const {
  const auto found = types_.find(path_extension(path));
  return found == types_.end() ? std::string_view("application/octet-stream") : found->second;
}

std::string FileAnswer::header_lines() const {
  std::string out = "Accept-Ranges: bytes\r\n";
  if (status == 206) {
    out += "Content-Range: bytes " + std::to_string(first) + "-" + std::to_string(last()) + "/" +
           std::to_string(size) + "\r\n";
  } else if (status == 416) {
    out += "Content-Range: bytes */" + std::to_string(size) + "\r\n";
  }
  return out;
}

bool StaticFiles::has_file(std::string_view path) const {
  if (!serve_ || path.find('\0') != std::string_view::npos) return false;
  const std::string name = webroot_ + std::string(path);
  struct stat info {};
  return ::stat(name.c_str(), &info) == 0 && regular(info);
}

Result<FileAnswer> StaticFiles::open_file(std::string_view path, std::string_view range) const {
  const auto absent = [path] {
    return Error::not_found("file " + std::string(path) + ": no such file in the web root");
  };
  // The look before the open keeps devices and FIFOs, which may act on being opened, closed.
  if (is_template_path(path) || !has_file(path)) return absent();
  const std::string name = webroot_ + std::string(path);
  FileAnswer answer;
  answer.fd.reset(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!answer.fd.valid()) {
    if (errno != EMFILE && errno != ENFILE) return absent();
    return Error::io("file " + name + ": not opened, no file descriptor is free");
  }
  struct stat info {};
  if (::fstat(answer.fd.get(), &info) != 0 || !regular(info)) return absent();
  answer.size = static_cast<std::uint64_t>(info.st_size);
  answer.length = answer.size;
  answer.content_type = types_.type_of(path);
  Range part;
  switch (read_range(range, answer.size, part)) {
    case RangeKind::kWhole:
      break;
    case RangeKind::kPart:
      answer.status = 206;
      answer.first = part.first;
      answer.length = part.length;
      break;
    case RangeKind::kBad:
      answer.status = 416;
      answer.fd.reset();
      answer.length = kRangeText.size();
      answer.content_type = "text/plain; charset=utf-8";
      break;
  }
  return answer;
}

}  // namespace lb
