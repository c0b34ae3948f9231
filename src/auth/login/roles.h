// Role: the rights of a logged-in person.  See admin/command/access.h for each endpoint's role.
// Thread: plain values, pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lb {

// In the order of rights: each role includes those before it, except that `kOperator` and `kOwner`
// have their own mounts only.
enum class Role : std::uint8_t { kNone, kViewer, kOperator, kOwner, kAdmin };

inline constexpr std::array<std::string_view, 5> kRoleNames = {"none", "viewer", "operator",
                                                               "owner", "admin"};

constexpr std::string_view to_text(Role role) noexcept {
  return kRoleNames[static_cast<std::size_t>(role)];
}
// nullopt for "none" and for unknown words.
constexpr std::optional<Role> parse_role(std::string_view text) noexcept {
  for (std::size_t i = 1; i < kRoleNames.size(); ++i)
    if (kRoleNames[i] == text) return static_cast<Role>(i);
  return std::nullopt;
}

}  // namespace lb
