// Credentials: the user and password of a request.  Basic only, as Icecast (scheme in any case).
// Thread: plain values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace lb {

struct Credentials {
  std::string user;
  std::string password;  // may contain ':'; one with a NUL byte never matches
};

std::optional<Credentials> basic_credentials(const Headers& headers);
// Takes a time that depends only on the length of `given`, so it reveals nothing about the secret.
// False if nothing is expected: an unset password matches nothing.
bool secret_equal(std::string_view given, std::string_view expected) noexcept;

}  // namespace lb
