// Role: what a person that has logged in may do.  Which endpoint takes which role is in
// admin/command/access.h.
// Thread: plain values, pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lb {

// In the order of their rights: each may what those before it may, but for `kOperator` and
// `kOwner`, which see their own mounts only.
enum class Role : std::uint8_t { kNone, kViewer, kOperator, kOwner, kAdmin };

inline constexpr std::array<std::string_view, 5> kRoleNames = {"none", "viewer", "operator",
                                                               "owner", "admin"};

constexpr std::string_view to_text(Role role) noexcept {
  return kRoleNames[static_cast<std::size_t>(role)];
}
// nullopt for "none" and for words that are no role.
constexpr std::optional<Role> parse_role(std::string_view text) noexcept {
  for (std::size_t i = 1; i < kRoleNames.size(); ++i)
    if (kRoleNames[i] == text) return static_cast<Role>(i);
  return std::nullopt;
}

}  // namespace lb
