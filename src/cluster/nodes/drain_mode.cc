#include "cluster/nodes/drain_mode.h"

#include "base/strings.h"

namespace lb {

std::string_view to_text(DrainMode mode) noexcept {
  return word_of<DrainMode::kHard>(mode, {"off", "soft", "move", "hard"});
}

std::optional<DrainMode> parse_drain_mode(std::string_view text) noexcept {
  for (const DrainMode mode : {DrainMode::kSoft, DrainMode::kMove, DrainMode::kHard})
    if (text == to_text(mode)) return mode;
  return std::nullopt;
}

std::optional<DrainMode> parse_drain_or_off(std::string_view text) noexcept {
  return text == to_text(DrainMode::kOff) ? DrainMode::kOff : parse_drain_mode(text);
}

}  // namespace lb
