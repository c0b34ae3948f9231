// RedirectReply: the answer that sends a listener to another node, byte by byte.
//
// 302 and HTTP/1.0 as the patch of 2004 answered: Icecast's and KH's relays read no other status.
// no-store: FFmpeg asks the node again, and never us, when it may cache a redirect.  One origin for
// all: a player in a page needs it on every answer of the way.
// Source: doc/redirects.md.
// Thread: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "http/settings.h"

namespace lb {

// The whole answer.  origin: "http://edge1:8000"; path: decoded; query: as sent, without '?';
// token: "": none.  Whatever the parts hold, no byte of them ends a line or the address.
// http_headers: of the configuration, of which those about origins are in it
// (http/cross_origin.h).
std::string redirect_reply(std::string_view origin, std::string_view path, std::string_view query,
                           std::string_view token, std::span<const HttpHeader> http_headers);
// "http://edge1:8000/rock.mp3?x=1&lb=…"
std::string redirect_location(std::string_view origin, std::string_view path,
                              std::string_view query, std::string_view token);

// An absolute http or https address, of bytes that may stand in one.
bool is_web_address(std::string_view text);
// <redirect> ("https://host:port": the mount follows) and <redirect-to> (${mount}: the mount
// without its first slash) of a mount; the first counts where both are written.  "": neither is an
// address.
std::string mount_redirect_location(std::string_view redirect, std::string_view redirect_to,
                                    std::string_view mount);

}  // namespace lb
