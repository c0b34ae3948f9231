// The cookie of a login session.
// Thread: pure functions.
// Source: RFC 6265bis; doc/operators.md.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace lb {

// A browser keeps one cookie of a name for all ports of a host, and takes it over http and from
// neighbours in the domain unless the name forbids that: so it has the port that the browser asks,
// and over https "__Host-" (RFC 6265bis).
std::string session_cookie_name(const Request& request, bool secure);
// The session's cookie in the request; "": none.
std::string_view session_cookie(const Request& request, bool secure);

}  // namespace lb
