// Ban: what may not listen or send: an address, a network, a user or a country, on all mounts or
// on some, until a time or for ever; its record is JSON.
// Thread: plain values, pure functions.
#pragma once

#include <string>
#include <string_view>

#include "auth/guard/ban_list.h"
#include "base/result.h"

namespace lb {

std::string_view ban_word(BanKind kind) noexcept;  // in records and requests
// What is wrong with the value of a ban; "" when nothing is.
std::string ban_fault(BanKind kind, const std::string& value);

// Of all IPv4 or all IPv6 addresses, on all mounts: an administrator on loopback could not undo it.
bool shuts_out_everybody(Ban ban);
inline constexpr std::string_view kEverybodyOut =
    "it would shut out everybody; a ban of all addresses needs mounts";

// id: of the key.  Errors: kInvalid, also for a ban that shuts_out_everybody().
Result<Ban> parse_ban(std::string_view id, std::string_view json);
std::string ban_json(const Ban& ban);

}  // namespace lb
