// The header lines that protect readers of a page in a browser: what the page may load and run,
// that it is not shown in a frame, that its type is not guessed.
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
  // It loads nothing from elsewhere and holds neither scripts nor styles: ours, Icecast's own.
  kPlain,
  // The station's own template brings such things; its author is trusted, what encoders say is not.
  kDesigned,
  // The console: its scripts and sheets lie on this server, and nothing stands in the page itself.
  kConsole,
};

// Does a browser show this as a page?  "text/html; charset=utf-8", and XML, which may be XHTML.
bool is_page_type(std::string_view content_type);

// Complete lines.  Those that <http-headers> sets itself (on any status) are left out.
std::string page_header_lines(PageKind kind, std::span<const HttpHeader> configured);
// Those of the player's page.  frames: the sites that may show it in a frame, as frame-ancestors
// has them: "*", as there is nothing on it to steal a click for; "'none'".  nodes: origins to which
// a stream may be redirected, each behind a blank.
std::string player_header_lines(std::string_view frames, std::string_view nodes,
                                std::span<const HttpHeader> configured);
// Only that the type is meant: for JSON and plain text.
std::string nosniff_line(std::span<const HttpHeader> configured);

}  // namespace lb
