// The page with which a person logs in, and the one that goes on by itself after a hand-over, in
// the style of the other pages.  No scripts; it works from a keyboard, on a phone and in the dark.
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace lb {

struct LoginPage {
  std::string server;          // its name, in the heading; "": without
  std::string message;         // above the form: what went wrong, or that the session is over
  bool is_alert = false;       // it went wrong
  std::string user;            // as given before
  std::string back;            // where to go then
  bool takes_password = true;  // false: plain http, from elsewhere
};
std::string login_page(const LoginPage& page);

// A page that leads on to `to` at once: behind a redirect from another site a browser would leave
// the new cookie out.
std::string go_on_page(std::string_view to);

// A form that posts `token` to the other node's /admin/login.
std::string handover_page(std::string_view origin, std::string_view token);

// `target`, where it is a path of this server that a browser cannot take for anything else;
// otherwise "/admin/".
std::string safe_way_back(std::string_view target);

}  // namespace lb
