// Seam: how a relay's stream goes on behind the bytes of its last connection.
// Thread: plain values.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace lb {

enum class SeamHow : std::uint8_t {
  kExact,    // at the byte, by its address
  kContent,  // where the same bytes were found
  kUnit,     // at the next frame or page
};
constexpr std::array<std::string_view, 3> kSeamNames = {"exact", "content", "unit"};

constexpr std::string_view seam_name(SeamHow how) noexcept {
  return kSeamNames[static_cast<std::size_t>(how)];
}

struct Seam {
  std::uint64_t lease = 0;  // of the new connection
  SeamHow how = SeamHow::kUnit;
  std::chrono::milliseconds gap{0};  // from the last byte before it to the first one behind it
};

}  // namespace lb
