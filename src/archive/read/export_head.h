// Turns a part of a stream into a file: MP3 gets an Info frame with its length and seek points; Ogg
// gets pages that begin at granule 0 and end with an end-of-stream page.
//
// Thread: pure.
// Source: the tag of Xing and LAME as players read it; RFC 3533.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "media/bytes.h"
#include "media/ogg_headers.h"
#include "media/ogg_page.h"

namespace lb {

// A place in an exported file.
struct SeekPoint {
  std::uint64_t bytes = 0, samples = 0;
};

// A silent frame about the `bytes` and `samples` after it. first: the first frame's header, at
// least 4 bytes.  "": not layer III.
std::string make_info_frame(ByteSpan first, std::uint64_t bytes, std::uint64_t samples,
                            const std::vector<SeekPoint>& points);

// The changes to the pages of one logical stream.
struct OggStreamPatch {
  std::uint32_t serial = 0, name = 0;  // the number in the file, and the new one
  std::uint64_t granule_base = 0;      // subtracted
  std::uint32_t sequence_base = 0;     // subtracted …
  std::uint32_t header_pages = 0;      // … plus this many pages in front
};
// The changes to the pages of a chain.
struct OggPatch {
  std::uint64_t from = 0;  // offset in the file; the chain ends where the next patch begins
  std::vector<OggStreamPatch> streams;

  void apply(OggPageFields& fields) const;
};
constexpr std::uint64_t kNoPage = ~std::uint64_t{0};

// `bytes` begin with a page at `position`; an incomplete page at their end is left out.  Appends
// the changed pages, and returns the bytes used.  last_page: gets the end-of-stream flag.
// REQUIRES: patches ascend, and the first one begins at or before `position`
std::size_t patch_ogg(ByteSpan bytes, std::uint64_t position, std::span<const OggPatch> patches,
                      std::uint64_t last_page, std::string& out);
const OggPatch& patch_at(std::span<const OggPatch> patches, std::uint64_t offset);

struct OggRun {
  std::uint32_t serial = 0, first_sequence = 0;
  std::uint64_t first_granule = 0, second_granule = 0;  // of pages on which a packet ends
  unsigned first_packets = 0, second_packets = 0;       // that end there
  bool found = false, timed = false;                    // timed: a page has a granule
  // The granule at the first page's start, if packets last equally long.
  std::uint64_t begin() const noexcept {
    const std::uint64_t each =
        second_packets == 0 ? 0 : (second_granule - first_granule) / second_packets;
    return first_granule - std::min(first_granule, each * first_packets);
  }
};
// Reads the numbers of the pages at the front. serial: of this stream, otherwise of the first one.
OggRun ogg_run_at(ByteSpan bytes, std::optional<std::uint32_t> serial = {});
// The granule of this serial's last page, and the start of the last page of any serial; ~0: none.
struct OggTail {
  std::uint64_t granule = ~std::uint64_t{0}, page = kNoPage;
};
OggTail ogg_tail(ByteSpan bytes, std::uint64_t position, std::uint32_t serial);

// OggChain: the logical streams of a chain, by its header pages.
class OggChain final : private OggPageSink {
 public:
  struct Stream {
    std::uint32_t serial = 0;
    OggCodec codec = OggCodec::kUnknown;
    unsigned header_pages = 0;
    double hertz = 0;    // of granules, or of frames of Theora; 0: not known
    unsigned shift = 0;  // Theora: the granule's bits for the frames since a key frame
  };

  explicit OggChain(ByteSpan headers);
  const std::vector<Stream>& streams() const noexcept { return streams_; }
  bool is_vorbis() const noexcept {
    return streams_.size() == 1 && streams_.front().codec == OggCodec::kVorbis;
  }
  // The granules of all streams at the moment when the first of these media pages begins, in their
  // order.  0: the streams keep their time, because that of one is not known.
  std::vector<std::uint64_t> granules_at(ByteSpan media) const;

 private:
  void page(std::uint64_t position, const OggPage& page) override;

  std::vector<Stream> streams_;
};

}  // namespace lb
