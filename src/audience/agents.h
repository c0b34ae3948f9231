// What the agent of a request says: the family of its player, and whether it is no person.
// An agent may say anything: this is a statistic, and decides nothing else.
// Thread: pure functions.
#pragma once

#include <string_view>

namespace lb {

// "VLC", "Chrome", …; "other" for what is not known, "" for none.
std::string_view player_of(std::string_view agent) noexcept;
// One of those names, "other" and "" too.
bool is_player(std::string_view name) noexcept;
// Programs that fetch streams without a listener: search engines, monitors.
bool is_bot(std::string_view agent) noexcept;

}  // namespace lb
