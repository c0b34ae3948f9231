// RedirectReply: the answer that sends a listener to another node, byte by byte.
//
// 302 and HTTP/1.0 as the patch of 2004 answered: Icecast's and KH's relays read no other status.
// no-store: FFmpeg asks the node again, and never us, when it may cache a redirect.  One origin for
// all: a player in a page needs it on every answer of the way.
// Source: cluster.md 3.1, 3.7.
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace lb {

// The whole answer.  origin: "http://edge1:8000"; path: decoded; query: as sent, without '?';
// token: "": none.  Whatever the parts hold, no byte of them ends a line or the address.
std::string redirect_reply(std::string_view origin, std::string_view path, std::string_view query,
                           std::string_view token);
// "http://edge1:8000/rock.mp3?x=1&lb=…"
std::string redirect_location(std::string_view origin, std::string_view path,
                              std::string_view query, std::string_view token);

}  // namespace lb
