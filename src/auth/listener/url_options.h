// UrlOptions: the options of <authentication type="url">.
// Source: Icecast 2.4.4, Icecast-KH.
// Thread: plain values, pure functions.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "auth/listener/authenticator.h"

namespace lb {

struct UrlOptions {
  std::string listener_add, listener_remove, mount_add, mount_remove, stream_auth;
  std::string username, password;  // for the backend; used when both are set
  // An answer whose head has a line that begins with this allows the listener; where it ends in a
  // line end (as the default does), the whole line must be this.
  std::string auth_header = "icecast-auth-user: 1\r\n";
  std::string timelimit_header = "icecast-auth-timelimit:";
  std::vector<std::string> headers;  // of the listener's request, passed on; lower case
  std::string header_prefix;
  unsigned handlers = 10;  // requests under way at once for listeners; for sources, too
  std::chrono::seconds timeout{15};
  std::chrono::seconds on_error_wait{0};  // how long a backend that failed is left alone
  bool presume_innocent = false;          // allow the listener when the backend cannot judge
  unsigned redirect_limit = 0;
  bool cache = false;  // what it allows is kept for as long as it says (answer_cache.h)
};

// `complaints`: what is wrong and what was taken instead.
UrlOptions parse_url_options(const AuthOptions& options, std::vector<std::string>& complaints);

}  // namespace lb
