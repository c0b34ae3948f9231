#include "frames.h"

#include <utility>

#include "base/cat.h"
#include "world.h"

namespace lb::sim {

RepeatedFrames& repeated_frames() {
  static RepeatedFrames frames;
  return frames;
}

std::string repeat_of(const void* link, std::uint64_t number, const std::string& lines) {
  RepeatedFrames& frames = repeated_frames();
  World* const world = present_world();
  if (frames.host == 0 || world == nullptr) return {};
  const Host* const host = world->running();
  if (host == nullptr || host->id != frames.host) return {};
  if (frames.later && frames.kept.empty()) {
    frames.link = link;
    frames.number = number;
    frames.kept = lines;
    return {};
  }
  // Another link may lie where that one lay.
  if (frames.later && link == frames.link && number != frames.number + 1) frames.link = nullptr;
  if (frames.later && link != frames.link) return {};
  frames.host = 0;
  ++frames.made;
  return frames.later ? std::exchange(frames.kept, {}) : lines;
}

void acted_on(std::string_view frame, std::uint64_t number, std::uint64_t received) {
  if (number == received || !repeated_frames().on_wrong) return;
  repeated_frames().on_wrong(
      cat({frame, " number ", number, " is acted on where ", received + 1, " comes next"}));
}

}  // namespace lb::sim
