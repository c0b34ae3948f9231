// Plain settings of logins; config/ fills them.
// Thread: plain values.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "auth/login/roles.h"

namespace lb {

// <console>: logins with sessions, and the pages that need them.
struct ConsoleSettings {
  bool enabled = false;            // the element exists
  std::chrono::seconds idle{900};  // a session ends so long after its last use
  std::chrono::seconds most{12 * 3600};
  std::chrono::seconds history{30 * 86'400};  // how far the charts reach back; 0: none
  // Origins of its pages for browsers, if not configured elsewhere.
  std::vector<std::string> origins;
  Role handed_over = Role::kAdmin;    // the highest role of a session from another master
  bool allow_plain = false;           // passwords over http, from everywhere
  std::vector<std::string> sso_from;  // addresses of proxies that log users in
  std::string sso_secret;             // their value of X-LB-SSO; "": none is believed
  std::string sso_user = "X-Remote-User";
};

}  // namespace lb
