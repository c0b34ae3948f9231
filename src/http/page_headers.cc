#include "http/page_headers.h"

#include <algorithm>

#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

// media-src: a stream may be redirected to any node.
constexpr std::string_view kPlainPolicy =
    "default-src 'self'; media-src 'self' http: https:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'";
constexpr std::string_view kConsolePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "media-src *; base-uri 'none'; form-action 'self'";
constexpr std::string_view kNoFrames = "'none'";
constexpr std::string_view kDesignedPolicy = "object-src 'none'; base-uri 'self'";

std::string_view policy_of(PageKind kind) {
  switch (kind) {
    case PageKind::kDesigned:
      return kDesignedPolicy;
    case PageKind::kConsole:
      return kConsolePolicy;
    case PageKind::kPlain:
    case PageKind::kTemplate:
      break;
  }
  return kPlainPolicy;
}

void append_line(std::string& lines, std::string_view name, std::string_view value,
                 std::span<const HttpHeader> configured) {
  const auto same_name = [name](const HttpHeader& header) { return iequals(header.name, name); };
  if (std::any_of(configured.begin(), configured.end(), same_name)) return;
  lines.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

bool is_page_type(std::string_view content_type) {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  return iequals(type, "text/html") || iequals(type, "text/xml") ||
         iequals(type, "application/xml") || iequals(type, "application/xhtml+xml");
}

std::string nosniff_line(std::span<const HttpHeader> configured) {
  std::string line;
  append_line(line, "X-Content-Type-Options", "nosniff", configured);
  return line;
}

std::string page_header_lines(PageKind kind, std::span<const HttpHeader> configured,
                              FrameSites sites) {
  // Icecast-KH's front page is a frameset.
  const bool own_frames = kind == PageKind::kTemplate || kind == PageKind::kDesigned;
  const bool all_frames = own_frames && sites == FrameSites::kAny;
  const std::string_view ancestors = all_frames ? "*" : own_frames ? "'self'" : kNoFrames;
  std::string lines;
  append_line(lines, "Content-Security-Policy",
              cat({policy_of(kind), "; frame-ancestors ", ancestors}), configured);
  lines += nosniff_line(configured);
  if (!all_frames)
    append_line(lines, "X-Frame-Options", own_frames ? "SAMEORIGIN" : "DENY", configured);
  // With no-referrer a browser sends "Origin: null" in our own forms.
  append_line(lines, "Referrer-Policy", "same-origin", configured);
  return lines;
}

std::string player_header_lines(std::string_view frames, std::string_view nodes,
                                std::span<const HttpHeader> configured) {
  std::string policy =
      cat({"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src "
           "'self'",
           nodes, "; media-src 'self'", nodes,
           "; base-uri 'none'; form-action 'none'; frame-ancestors ", frames});
  std::string lines;
  append_line(lines, "Content-Security-Policy", policy, configured);
  lines += nosniff_line(configured);
  if (frames == kNoFrames) append_line(lines, "X-Frame-Options", "DENY", configured);
  append_line(lines, "Referrer-Policy", "same-origin", configured);
  append_line(lines, "Vary", "Accept-Language", configured);
  return lines;
}

}  // namespace lb
