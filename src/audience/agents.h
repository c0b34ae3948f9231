// Classifies the agent of a request: the family of its player, and whether it is a program without
// a listener.  An agent may be false: the result is used for statistics only.
// Thread: pure functions.
#pragma once

#include <string_view>

namespace lb {

// "VLC", "Chrome", …; "other": unknown, "": no agent.
std::string_view player_of(std::string_view agent) noexcept;
// Whether it is one of those names, also "other" and "".
bool is_player(std::string_view name) noexcept;
// Programs that fetch streams without a listener: search engines, monitors.
bool is_bot(std::string_view agent) noexcept;

}  // namespace lb
