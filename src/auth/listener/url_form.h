// The forms for backends of URL authentication, byte for byte as in Icecast 2.4.4; fields of
// Icecast-KH follow at the end.
// Thread: pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/listener/authenticator.h"
#include "auth/listener/url_options.h"
#include "net/fetch/fetch.h"

namespace lb {

// Everything but letters and digits as %xx, lower case.
std::string form_escape(std::string_view text);

std::string listener_add_form(const ListenerAsk& ask, const AuthServer& server,
                              const UrlOptions& options);
// before and after of the notice; the caller sets the rest.  `user`: the name from the backend; "":
// the login name.
RemovalNotice listener_remove_parts(const ListenerAsk& ask, std::string_view user,
                                    const AuthServer& server);
std::string listener_remove_form(const RemovalNotice& notice, std::uint64_t seconds,
                                 std::uint64_t bytes_sent);
std::string mount_form(std::string_view action, std::string_view mount, const AuthServer& server);
std::string stream_auth_form(const SourceAsk& ask, const AuthServer& server);

// Sets Basic credentials, unless the address has a login.  Without user and password an empty login
// is sent, as by Icecast: backends expect the header.
void set_login(FetchRequest& request, std::string user, std::string password);

// The answer of a backend of URL authentication.
// Source: Icecast 2.4.4: only the head counts, not the status; Icecast-KH:
// icecast-auth-user: 0, withintro, hijack; icecast-slave, Mountpoint, Location,
// ice-username.
struct UrlReply {
  bool accepted = false;
  bool forbidden = false;  // refused for good: "icecast-auth-user: 0", or status 403
  bool failed = false;     // the backend could not judge: 5xx, 404, 408, 429
  std::optional<std::chrono::seconds> time_limit;
  std::string message;  // for the log
  bool is_relay = false;
  bool with_intro = false;            // the body is an intro, which is not played
  std::string mount, location, user;  // "": not given
};

UrlReply parse_url_reply(const FetchAnswer& answer, const UrlOptions& options);

}  // namespace lb
