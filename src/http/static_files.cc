#include "http/static_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/cat.h"
#include "base/file.h"
#include "base/strings.h"
#include "http/byte_range.h"

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
  const auto file = read_file(path, {.limit = kMaxMimeFile, .cut = true});
  if (!file) return Error::io("MIME types " + file.error().what);
  add_lines(file->text);
  return {};
}

std::string_view MimeTypes::type_of(std::string_view path) const {
  const auto found = types_.find(path_extension(path));
  return found == types_.end() ? std::string_view("application/octet-stream") : found->second;
}

std::string FileAnswer::header_lines() const {
  ByteRange range;
  if (status == 206) range = {ByteRange::Kind::kPart, first, length};
  if (status == 416) range.kind = ByteRange::Kind::kBad;
  return range_lines(range, size);
}

bool StaticFiles::has_file(std::string_view path) const {
  if (!serve_ || path.find('\0') != std::string_view::npos) return false;
  const std::string name = cat({webroot_, path});
  struct stat info {};
  return ::stat(name.c_str(), &info) == 0 && regular(info);
}

Result<FileAnswer> StaticFiles::open_file(std::string_view path, std::string_view range) const {
  const auto absent = [path] {
    return Error::not_found(cat({"file ", path, ": no such file in the web root"}));
  };
  // stat() precedes open(), because opening a device or a FIFO may have an effect.
  if (is_template_path(path) || !has_file(path)) return absent();
  const std::string name = cat({webroot_, path});
  FileAnswer answer;
  answer.fd.reset(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!answer.fd.valid()) {
    if (errno != EMFILE && errno != ENFILE) return absent();
    return Error::io(cat({"file ", name, ": not opened, no file descriptor is free"}));
  }
  struct stat info {};
  if (::fstat(answer.fd.get(), &info) != 0 || !regular(info)) return absent();
  answer.size = static_cast<std::uint64_t>(info.st_size);
  answer.length = answer.size;
  answer.content_type = types_.type_of(path);
  const ByteRange part = parse_byte_range(range, answer.size);
  switch (part.kind) {
    case ByteRange::Kind::kWhole:
      break;
    case ByteRange::Kind::kPart:
      answer.status = 206;
      answer.first = part.first;
      answer.length = part.length;
      break;
    case ByteRange::Kind::kBad:
      answer.status = 416;
      answer.fd.reset();
      answer.length = kRangeText.size();
      answer.content_type = "text/plain; charset=utf-8";
      break;
  }
  return answer;
}

}  // namespace lb
