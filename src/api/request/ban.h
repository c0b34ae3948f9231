// Ban: an address, a network, a user or a country that may not listen or send, on all mounts or
// some, until a time or for ever; its record is JSON.
// Thread: plain values, pure functions.
#pragma once

#include <string>
#include <string_view>

#include "auth/guard/ban_list.h"
#include "base/result.h"

namespace lb {

std::string_view ban_word(BanKind kind) noexcept;  // in records and requests
// The fault in the value of a ban; "": none.
std::string ban_fault(BanKind kind, const std::string& value);

// Whether it bans all IPv4 or all IPv6 addresses on all mounts, also the administrator's.
bool shuts_out_everybody(Ban ban);
inline constexpr std::string_view kEverybodyOut =
    "it would shut out everybody; a ban of all addresses needs mounts";

// id: of the key.  Errors: kInvalid, also for a ban that shuts_out_everybody().
Result<Ban> parse_ban(std::string_view id, std::string_view json);
std::string ban_json(const Ban& ban);

}  // namespace lb
