// What a backend of URL authentication answered.
// Source: Icecast 2.4.4: only the head counts, not the status; Icecast-KH:
// icecast-auth-user: 0, withintro, hijack; icecast-slave, Mountpoint, Location,
// ice-username.
// Thread: pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "auth/listener/url_options.h"
#include "net/fetch/fetch.h"

namespace lb {

struct UrlReply {
  bool accepted = false;
  bool forbidden = false;  // refused for good: "icecast-auth-user: 0", or status 403
  bool failed = false;     // the backend failed and has not judged: 5xx, 404, 408, 429
  std::optional<std::chrono::seconds> time_limit;
  std::string message;  // for the log
  bool is_relay = false;
  std::string mount, location, user;  // "": not given
};

UrlReply parse_url_reply(const FetchAnswer& answer, const UrlOptions& options);

}  // namespace lb
