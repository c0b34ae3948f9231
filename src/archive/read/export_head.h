// What makes a part of a stream a file: the Info frame of MP3, whose numbers tell players its
// length and where to seek; Ogg pages that begin at granule 0 and end with an end.
//
// Thread: pure.
// Source: the tag of Xing and LAME as players read it; RFC 3533.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "media/bytes.h"

namespace lb {

// A place in an exported file.
struct SeekPoint {
  std::uint64_t bytes = 0, samples = 0;
};

// A frame without sound that tells of the `bytes` and `samples` behind it.  first: the first
// frame's header, at least 4 bytes.  "": no layer III.
std::string make_info_frame(ByteSpan first, std::uint64_t bytes, std::uint64_t samples,
                            const std::vector<SeekPoint>& points);

// How the pages of one run of a logical stream are changed.
struct OggPatch {
  std::uint32_t serial = 0;
  std::uint64_t granule_base = 0;               // subtracted
  std::uint32_t sequence_base = 0;              // subtracted …
  std::uint32_t header_pages = 0;               // … and this many are in front
  std::uint64_t last_page = ~std::uint64_t{0};  // this page of the file is the end
};

// `bytes` begin with a page at `position`; what is no whole page at their end is left out.  Appends
// as many bytes as it takes, and returns how many.
std::size_t patch_ogg(ByteSpan bytes, std::uint64_t position, const OggPatch& patch,
                      std::string& out);

struct OggRun {
  std::uint32_t serial = 0, first_sequence = 0;
  std::uint64_t first_granule = 0, second_granule = 0;  // of pages on which a packet ends
  unsigned first_packets = 0, second_packets = 0;       // that end there
  bool found = false;
  // Where the first page begins, if packets last equally long.
  std::uint64_t begin() const noexcept {
    const std::uint64_t each =
        second_packets == 0 ? 0 : (second_granule - first_granule) / second_packets;
    return first_granule - std::min(first_granule, each * first_packets);
  }
};
// Of the pages at the front.
OggRun ogg_run_at(ByteSpan bytes);
// The granule of the last page of this serial, and where the last page of any begins; ~0: none.
struct OggTail {
  std::uint64_t granule = ~std::uint64_t{0}, page = ~std::uint64_t{0};
};
OggTail ogg_tail(ByteSpan bytes, std::uint64_t position, std::uint32_t serial);
unsigned count_ogg_pages(ByteSpan bytes);

}  // namespace lb
