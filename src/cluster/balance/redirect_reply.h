// RedirectReply: the bytes of the answer that sends a listener to another node.
//
// It is 302 with HTTP/1.0, as in the patch of 2004: relays of Icecast and KH read no other status.
// no-store: FFmpeg would otherwise cache the redirect and never ask us again.  It has the headers
// about origins, because a player in a page needs them on every answer.
// Source: doc/redirects.md.
// Thread: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "http/settings.h"

namespace lb {

// The whole answer. origin: "http://edge1:8000"; path: decoded; query: as sent, without '?'; token:
// "": none.  No byte of the parts can end a line or the address. http_headers: from the
// configuration; only those about origins are sent (http/cross_origin.h).
std::string redirect_reply(std::string_view origin, std::string_view path, std::string_view query,
                           std::string_view token, std::span<const HttpHeader> http_headers);
// "http://edge1:8000/rock.mp3?x=1&lb=…"
std::string redirect_location(std::string_view origin, std::string_view path,
                              std::string_view query, std::string_view token);

// Whether the text is an absolute http or https address with allowed bytes only.
bool is_web_address(std::string_view text);
// The target of <redirect> ("https://host:port", to which the mount is added) or <redirect-to>
// (${mount}: the mount without its first slash). <redirect> has priority. "": neither is an
// address.
std::string mount_redirect_location(std::string_view redirect, std::string_view redirect_to,
                                    std::string_view mount);

}  // namespace lb
