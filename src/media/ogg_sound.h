// OggSound: how long the pages of an Ogg file sound, by their granules.
//
// Thread: one owner.  Pure.
// A page sounds no longer than the packets on it can: a file that was recorded from a stream begins
// hours after 0, and has a hole where something was lost.  Of several streams in a chain the one
// that has come furthest counts.
// Bounds: 16 streams in a chain; further ones do not count.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/record.h"
#include "media/ogg_headers.h"
#include "media/ogg_page.h"

namespace lb {

class OggSound {
 public:
  // Of a file's next page; nullopt: no stream of its chain tells.
  std::optional<std::chrono::microseconds> page(const OggPage& page);

  template <class Io, RecordOf<OggSound> T>
  friend void record_fields(Io& io, T& sound) {
    io(1, sound.streams_, sound.lasts_, sound.in_first_pages_);
  }

 private:
  struct Stream {
    std::uint32_t serial = 0;
    OggCodec codec = OggCodec::kUnknown;
    unsigned hertz = 0;
    std::uint64_t longest_packet = 0;
    std::uint64_t granule = 0;  // of its last page
    std::uint64_t samples = 0;  // heard so far

    template <class Io, RecordOf<Stream> T>
    friend void record_fields(Io& io, T& stream) {
      io(1, stream.serial);
      io.choice(2, stream.codec, OggCodec::kMidi);
      io(3, stream.hertz, stream.longest_packet, stream.granule, stream.samples);
      if constexpr (Io::kReads)
        if (stream.hertz == 0) io.wrong(3, "is 0");
    }
  };
  void first_page(const OggPage& page);

  std::vector<Stream> streams_;        // of this chain, those that tell
  std::chrono::microseconds lasts_{};  // this chain so far
  bool in_first_pages_ = false;
};

}  // namespace lb
