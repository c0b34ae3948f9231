// DrainMode: how a node empties itself: soft (it takes no new listeners), move (it also ends the
// present ones little by little), hard (it ends all at once).  The configuration, commands, TERM
// and the link use the same words.
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lb {

// kOff: it does not drain.  In the configuration: not set, so TERM ends the process at once, as
// Icecast does.
enum class DrainMode : std::uint8_t { kOff, kSoft, kMove, kHard };

std::string_view to_text(DrainMode mode) noexcept;
// nullopt: another word than soft, move, hard.
std::optional<DrainMode> parse_drain_mode(std::string_view text) noexcept;
// Accepts "off" too.
std::optional<DrainMode> parse_drain_or_off(std::string_view text) noexcept;

}  // namespace lb
