// The names of sessions, s=: 24 random hex digits that a master playlist gives out.
//
// Thread: pure functions.
// A name lets no listener in: one that is not known at a node is a listener that comes, under all
// limits and with authentication; so a player goes on at a node that has not given out its name.
#pragma once

#include <string>
#include <string_view>

namespace lb {

inline constexpr std::size_t kHlsNameRandom = 12;

// random: kHlsNameRandom bytes that are hard to guess.
std::string hls_session_name(std::string_view random);
bool is_hls_session_name(std::string_view name) noexcept;

}  // namespace lb
