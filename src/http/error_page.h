// The page that a browser shows for a refusal: in the style of the other pages, readable on a
// phone, with the plain text of the refusal in bold.  Programs get Icecast's own body, byte for
// byte, because scripts compare it.
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace lb {

// Whether the request names text/html, as browsers do for a page, and players and libraries do not.
bool wants_page(const Headers& request) noexcept;

// text: the plain refusal; only its first line is shown.
std::string styled_error_page(int status, std::string_view text);

}  // namespace lb
