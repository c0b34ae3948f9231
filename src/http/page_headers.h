// Header lines that protect readers of a page: they limit what it may load and run, and forbid
// framing it and guessing its type.
// Thread: pure functions.
// Source: CSP level 3, Fetch (X-Content-Type-Options), Referrer Policy.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "http/settings.h"

namespace lb {

enum class PageKind : std::uint8_t {
  // A page without scripts and styles that loads nothing from elsewhere: our own.
  kPlain,
  // A station's template may have scripts and styles: its author is trusted, encoders' texts are
  // not.
  kDesigned,
  // The console: its scripts and styles come from this server, and none are inline.
  kConsole,
  // A template without scripts and styles: as kPlain, but as for kDesigned, FrameSites may have it
  // in a frame.
  kTemplate,
};

// Whether a browser shows this as a page: "text/html; charset=utf-8", and XML, which may be XHTML.
bool is_page_type(std::string_view content_type);

// The sites that may have a station's template in a frame: those of /admin/ have buttons, those of
// the web root only facts that are public anyway, and websites show Icecast's in frames.
enum class FrameSites : std::uint8_t { kOwn, kAny };

// Complete lines, except those that <http-headers> sets itself (on any status).
std::string page_header_lines(PageKind kind, std::span<const HttpHeader> configured,
                              FrameSites sites = FrameSites::kOwn);
// The lines of the player's page. frames: the sites that may frame it, for frame-ancestors: "*",
// because it has nothing worth a stolen click, or "'none'". nodes: origins to which a stream may be
// redirected, each after a space.
std::string player_header_lines(std::string_view frames, std::string_view nodes,
                                std::span<const HttpHeader> configured);
// Forbids guessing of the type: for JSON and plain text.
std::string nosniff_line(std::span<const HttpHeader> configured);

}  // namespace lb
