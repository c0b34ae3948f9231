// What a page gets when it is shown to a session: the value that its forms have to send back, and a
// way to log out.
//
// It is put into the finished page, so that the station's own templates work too: a hidden field
// into each form with method="post" that stays on this server, a <meta name="lb-csrf"> for scripts,
// and at the end of the header a form for the logout.
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace lb {

std::string with_session_marks(std::string_view page, std::string_view csrf, std::string_view user);

}  // namespace lb
