// The names of sessions, s=: 16 random hex digits from a master playlist, and 8 that distinguish an
// issued name from an invented one.
//
// Thread: pure functions.
// A name admits no listener: a session unknown at a node is a new listener, with all limits and
// authentication.  So the check has the same key everywhere, and a player continues at a restarted
// node, or at one that shares no secret with the issuer of its name.
#pragma once

#include <string>
#include <string_view>

namespace lb {

inline constexpr std::size_t kHlsNameRandom = 8;
inline constexpr std::string_view kHlsNoSession = "-";  // s= where sessions have no names

// random: kHlsNameRandom bytes that cannot be guessed.
std::string hls_session_name(std::string_view random);
// Whether an icecast-lb has issued the name.
bool is_hls_session_name(std::string_view name);

// The query with this session.
std::string with_session(const std::string& query, std::string_view session);

}  // namespace lb
