// SongDetails: facts about a song besides its text.  They are not in the stream: they come by the
// API of the source's node, and from that node by links.
//
// Thread: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/record.h"

namespace lb {

struct SongDetails {
  static constexpr std::int64_t kLongestMs = 86'400'000;
  // In bytes: a title, artist or album; a label, its code or a composer.
  static constexpr std::size_t kLongestTitle = 1024, kLongestFact = 200;

  std::string album;                                       // "": not given
  std::string isrc;                                        // 12 letters and digits; "": not given
  std::int64_t duration_ms = 0;                            // 0: not given
  std::string label = {}, label_code = {}, composer = {};  // "": not given
  std::string artist = {};  // separately from the title, as artist_apart()

  bool operator==(const SongDetails&) const = default;
};
template <class Io, RecordOf<SongDetails> T>
void record_fields(Io& io, T& details) {
  auto& [album, isrc, duration_ms, label, label_code, composer, artist] = details;
  io(1, album, isrc, duration_ms, label, label_code, composer, artist);
}

}  // namespace lb
