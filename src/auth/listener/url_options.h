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
  // An answer with a header line that begins with this allows the listener; if it ends in a line
  // end (as by default), the whole line must match.
  std::string auth_header = "icecast-auth-user: 1\r\n";
  std::string timelimit_header = "icecast-auth-timelimit:";
  std::vector<std::string> headers;  // of the listener's request, passed on; lower case
  std::string header_prefix;
  unsigned handlers = 10;  // requests at once, for listeners and for sources
  std::chrono::seconds timeout{15};
  std::chrono::seconds on_error_wait{0};  // pause after a failure of the backend
  bool presume_innocent = false;          // allow the listener when the backend cannot judge
  unsigned redirect_limit = 0;
  bool cache = false;  // permissions are kept for the time the backend allows (answer_cache.h)
};

// `complaints`: errors, with the values used instead.
UrlOptions parse_url_options(const AuthOptions& options, std::vector<std::string>& complaints);

}  // namespace lb
