// Turns a part of a stream into a file: MP3 gets an Info frame with its length and seek points; Ogg
// gets pages that begin at granule 0 and end with an end-of-stream page.
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

// A silent frame about the `bytes` and `samples` after it. first: the first frame's header, at
// least 4 bytes.  "": not layer III.
std::string make_info_frame(ByteSpan first, std::uint64_t bytes, std::uint64_t samples,
                            const std::vector<SeekPoint>& points);

// The changes to the pages of one run of a logical stream.
struct OggPatch {
  std::uint32_t serial = 0;
  std::uint64_t granule_base = 0;               // subtracted
  std::uint32_t sequence_base = 0;              // subtracted …
  std::uint32_t header_pages = 0;               // … plus this many pages in front
  std::uint64_t last_page = ~std::uint64_t{0};  // this page of the file is the last
};

// `bytes` begin with a page at `position`; an incomplete page at their end is left out.  Appends
// the changed pages, and returns the bytes used.
std::size_t patch_ogg(ByteSpan bytes, std::uint64_t position, const OggPatch& patch,
                      std::string& out);

struct OggRun {
  std::uint32_t serial = 0, first_sequence = 0;
  std::uint64_t first_granule = 0, second_granule = 0;  // of pages on which a packet ends
  unsigned first_packets = 0, second_packets = 0;       // that end there
  bool found = false;
  // The granule at the first page's start, if packets last equally long.
  std::uint64_t begin() const noexcept {
    const std::uint64_t each =
        second_packets == 0 ? 0 : (second_granule - first_granule) / second_packets;
    return first_granule - std::min(first_granule, each * first_packets);
  }
};
// Reads the numbers of the pages at the front.
OggRun ogg_run_at(ByteSpan bytes);
// The granule of this serial's last page, and the start of the last page of any serial; ~0: none.
struct OggTail {
  std::uint64_t granule = ~std::uint64_t{0}, page = ~std::uint64_t{0};
};
OggTail ogg_tail(ByteSpan bytes, std::uint64_t position, std::uint32_t serial);
unsigned count_ogg_pages(ByteSpan bytes);

}  // namespace lb
