#include "http/stream_type.h"

#include <algorithm>

#include "base/strings.h"
#include "http/text.h"

namespace lb {
namespace {

constexpr std::string_view kHlsList = "application/vnd.apple.mpegurl";
constexpr std::string_view kOctets = "application/octet-stream";
// A browser shows such a type in a player's page, which loads only the stream.
constexpr std::string_view kPlayed =
    "Content-Security-Policy: default-src 'none'; media-src *; base-uri 'none'; form-action "
    "'none'\r\nX-Content-Type-Options: nosniff\r\n";
constexpr std::string_view kOther =
    "Content-Security-Policy: sandbox; default-src 'none'\r\nX-Content-Type-Options: nosniff\r\n";

// Lower case, without parameters; "": the line is not one type.
std::string essence_of(std::string_view content_type) {
  bool quoted = false;
  for (const char c : content_type) {
    if (c == '"') quoted = !quoted;
    if (c == '\\' || (c == ',' && !quoted)) return {};
  }
  if (quoted) return {};
  content_type = trim(content_type);
  std::string type = to_lower(content_type.substr(0, content_type.find_first_of("; \t")));
  const std::size_t slash = type.find('/');
  if (slash == std::string::npos || !is_token(type.substr(0, slash)) ||
      !is_token(type.substr(slash + 1)))
    return {};
  return type;
}

}  // namespace

bool is_stream_type(std::string_view content_type) {
  const std::string type = essence_of(content_type);
  if (type == "application/ogg" || type == "application/x-ogg") return true;
  const bool list = type.find("mpegurl") != std::string::npos || type.ends_with("scpls");
  return !list && !type.ends_with("xml") &&
         (type.starts_with("audio/") || type.starts_with("video/"));
}

bool is_source_type(std::string_view content_type, std::span<const std::string> more) {
  if (is_stream_type(content_type)) return true;
  const std::string type = essence_of(content_type);
  return type == kOctets ||
         (!type.empty() && std::any_of(more.begin(), more.end(), [&type](const std::string& one) {
           return iequals(one, type);
         }));
}

std::string stream_header_lines(std::string_view content_type) {
  return std::string(is_stream_type(content_type) || content_type == kHlsList ? kPlayed : kOther);
}

}  // namespace lb
