// The page that a person in a browser sees when something was refused: in the style of the other
// pages, readable on a phone, with the words that a program would get in bold.
// Programs get Icecast's own body, byte for byte: scripts compare it.
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace lb {

// It names text/html itself, as browsers do for a page, and neither players nor libraries do.
bool wants_page(const Headers& request) noexcept;

// text: what a program would get; of several lines the end is cut.
std::string styled_error_page(int status, std::string_view text);

}  // namespace lb
