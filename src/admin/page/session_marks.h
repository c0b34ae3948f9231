// The additions to a page that is shown to a session: the value that its forms must send back, and
// a logout button.
//
// The finished page is changed, so that a station's own templates work too: a hidden field in each
// form with method="post" that stays on this server, a <meta name="lb-csrf"> for scripts, and a
// form for the logout at the end of the header.
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace lb {

std::string with_session_marks(std::string_view page, std::string_view csrf, std::string_view user);

}  // namespace lb
