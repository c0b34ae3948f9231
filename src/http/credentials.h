// Credentials: who a request says it is.  Basic only, as Icecast (scheme in any case).
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
// In constant time for equal lengths; hashes both first, so that lengths do not show either.
bool secret_equal(std::string_view given, std::string_view expected) noexcept;

}  // namespace lb
