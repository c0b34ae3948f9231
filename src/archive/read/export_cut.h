// export_cut: where a moment is within a recorded file: the frame of MPEG audio, the packet of Ogg
// that is heard then.  A range is cut there, so it is as long as what was asked, also where
// second-marks are far apart, and where a page has seconds of sound or begins within a packet.
//
// Thread: within a step of PastReading; it reads from the mark before that moment.  Where the step lacks
// something, what is found means nothing.
// Bounds: 16 MiB behind a mark; beyond it, and where frames or packets are not found, the mark
// itself.
// Source: RFC 3533 section 6 (lacing, granule position).
#pragma once

#include <cstdint>
#include <optional>

#include "archive/read/past_reading.h"
#include "media/bytes.h"
#include "media/ogg_page.h"

namespace lb {

struct UnitCut {
  std::uint64_t offset = 0, samples = 0;
  std::int64_t wall_ms = 0;
};
enum class CutSide : std::uint8_t {
  kBegin,  // the last unit that begins at or before the moment
  kEnd,    // the first one at or after it
};
// Of MPEG audio a frame, of other formats a second-mark.
UnitCut cut_at_unit(PastReading& reading, const ArchiveFile& file, std::int64_t wall_ms,
                    CutSide side);

// A packet of Ogg, by its page.  Packets of a page last equally long, as far as the page tells.
struct OggCut {
  bool found = false;
  std::uint64_t page = 0;     // of the file
  std::size_t page_size = 0;  // with its header
  std::size_t packet = 0;  // in the page; the rest of one that began before is 0.  kEnd: behind it
  std::uint64_t granule = 0;         // kBegin: at the packet's begin; kEnd: at its end
  std::uint64_t packet_samples = 0;  // of one packet of this page
  std::int64_t wall_ms = 0;
  bool beyond = false;  // kBegin: all packets of the file end before that moment
};
// kEnd: of a file that ends before that moment, its last whole packet.
// before: the granule at which the file that goes on in this one ends, where that is known.
// Not found: the moment is before the first mark and `before` is not known; more than one logical
// stream.
OggCut cut_at_packet(PastReading& reading, const ArchiveFile& file, std::int64_t wall_ms,
                     CutSide side, std::optional<std::uint64_t> before = {});
// The first packet that begins in a file whose first page begins within one; not found: it begins
// with a packet.
OggCut first_whole_packet(PastReading& reading, const ArchiveFile& file);
// The granule of the last page; nullopt: none.
std::optional<std::uint64_t> last_granule(PastReading& reading, const ArchiveFile& file);

// The page at the front of some bytes; empty: none.
class FirstPage final : public OggPageSink {
 public:
  explicit FirstPage(ByteSpan bytes);
  void page(std::uint64_t position, const OggPage& page) override;
  bool empty() const noexcept { return header_.empty(); }
  OggPage get() const { return {header_, body_}; }

 private:
  Bytes header_, body_;
};

constexpr std::size_t kAllPackets = ~std::size_t{0};
// Appends a page with the packets [first, end) of this one; the rest of a packet that began before
// counts as packet 0.
void append_page_part(Bytes& out, const OggPage& page, std::size_t first, std::size_t end,
                      OggPageFields fields);

}  // namespace lb
