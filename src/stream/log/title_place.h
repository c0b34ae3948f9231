// TitlePlace: the place of a title in a stream: the address of its first byte, and when that byte
// sounds.
//
// Thread: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "media/metadata.h"
#include "stream/log/stream_place.h"

namespace lb {

struct TitlePlace {
  std::optional<StreamAddress> at;  // nullopt: no source has begun
  // Unix time of the unit that was written when the title came; nullopt: the stream has no times,
  // or none yet in its first seconds.
  std::optional<std::int64_t> wall_ms;
  static constexpr PlainRecord kRecord{.members = 2};
};

// "ADDRESS", or "ADDRESS WALL"; "" without an address.
std::string print_title_place(const TitlePlace& place);
// Takes any bytes; nullopt: no place.
std::optional<TitlePlace> parse_title_place(std::string_view text) noexcept;
// The place in the title's own block; nullopt: none, as in Ogg.
std::optional<TitlePlace> place_in_block(const Metadata& title);

}  // namespace lb
