// The login page and the page that forwards a session after a hand-over, in the style of the other
// pages.  Both work without scripts.
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace lb {

// Messages that the page has in each of its languages; others stay English.
inline constexpr std::string_view kWrongLoginText = "Wrong user name or password";
inline constexpr std::string_view kLoggedOut = "You are logged out.";
inline constexpr std::string_view kSessionOver = "Your session is over. Please log in again.";

struct LoginPage {
  std::string server;          // its name in the heading; "": no name
  std::string message;         // above the form: an error, or the end of the session
  bool is_alert = false;       // the message is an error
  std::string user;            // the name given before
  std::string back;            // the address after the login
  bool takes_password = true;  // false: plain http from another machine
  std::string_view language = "en";
};
std::string login_page(const LoginPage& page);

// A page that leads to `to` at once.  A redirect would not do: after a redirect from another site a
// browser does not send the new SameSite cookie.
std::string go_on_page(std::string_view to);

// A form that posts `token` to the other node's /admin/login.
std::string handover_page(std::string_view origin, std::string_view token);

// `target` if every browser takes it for a path of this server; otherwise "/admin/".
std::string safe_way_back(std::string_view target);

}  // namespace lb
