// Passwords: the roles of Icecast (source, admin, relay) and the credentials that give them.
// Source: Icecast 2.4.4; doc/decisions.md B8, B10.
// Thread: immutable values, pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/credentials.h"

namespace lb {

// <authentication>; an empty password disables the role.
struct PasswordSettings {
  std::string source_password;
  std::string admin_user, admin_password;
  std::string relay_user = "relay", relay_password;
};

// The login of one mount's sources; an empty password falls back to the global one.
struct SourceLogin {
  std::string_view user, password;
};

bool is_admin(const PasswordSettings& settings, const std::optional<Credentials>& given);
bool is_relay(const PasswordSettings& settings, const std::optional<Credentials>& given);
bool is_source(const PasswordSettings& settings, const SourceLogin& mount,
               const std::optional<Credentials>& given);
// The Shoutcast login has a password and no user.
bool is_source_password(const PasswordSettings& settings, const SourceLogin& mount,
                        std::string_view password);

}  // namespace lb
