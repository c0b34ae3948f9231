// Numbered frames of links that come twice: what the copy of link.cc in this program asks and tells
// (tests/simulation/plant).
// Thread: one.  Ownership: of the process; Cluster arms it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace lb::sim {

struct RepeatedFrames {
  unsigned host = 0;           // its next numbered frame is repeated; 0: none is
  bool later = false;          // … behind the next one of that link, rather than at once
  const void* link = nullptr;  // with later: the one that has sent it
  std::uint64_t number = 0;    // of what is kept
  std::string kept;
  std::uint64_t made = 0;
  // A frame was acted on that was not the next one.
  std::function<void(std::string why)> on_wrong;
};
RepeatedFrames& repeated_frames();

// Of a link that has sent these lines, a frame of this number: what goes behind them once more; "":
// nothing.
std::string repeat_of(const void* link, std::uint64_t number, const std::string& lines);
// A link acts on a frame of this number, where it has received so many.
void acted_on(std::string_view frame, std::uint64_t number, std::uint64_t received);

}  // namespace lb::sim
