// The names of sessions, s=: 16 random hex digits that a master playlist gives out, and 8 by which
// a name that was made up is told from one that was given out.
//
// Thread: pure functions.
// A name lets no listener in: one that is not known at a node is a listener that comes, under all
// limits and with authentication.  So its check has one key everywhere: a player goes on at a node
// that shares no secret with the one that has given out its name, and at one that was restarted.
#pragma once

#include <string>
#include <string_view>

namespace lb {

inline constexpr std::size_t kHlsNameRandom = 8;
inline constexpr std::string_view kHlsNoSession = "-";  // s= where sessions have no names

// random: kHlsNameRandom bytes that are hard to guess.
std::string hls_session_name(std::string_view random);
// A server like this one has given it out.
bool is_hls_session_name(std::string_view name);

// A query with this session.
std::string with_session(const std::string& query, std::string_view session);

}  // namespace lb
