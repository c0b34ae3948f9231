// export_cut: finds a moment in a recorded file: the frame of MPEG audio or the packet of Ogg that
// is heard then.  A range cut there has the requested length, even if second-marks are far apart,
// or a page has seconds of sound or begins within a packet.
//
// Thread: within a step of PastReading; it reads from the mark before that moment.  The result is
// invalid if the step lacks data.
// Bounds: 16 MiB behind a mark; beyond that, or without frames or packets, the mark itself.
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
// For MPEG audio a frame, for other formats a second-mark.
UnitCut cut_at_unit(PastReading& reading, const ArchiveFile& file, std::int64_t wall_ms,
                    CutSide side);

// A packet of Ogg, by its page.  All packets of a page count as equally long.
struct OggCut {
  bool found = false;
  std::uint64_t page = 0;     // offset in the file
  std::size_t page_size = 0;  // with its header
  std::size_t packet = 0;     // in the page; the rest of an earlier one is 0. kEnd: behind it
  std::uint64_t granule = 0;  // kBegin: at the packet's start; kEnd: at its end
  std::uint64_t packet_samples = 0;  // of one packet of this page
  std::int64_t wall_ms = 0;
  bool beyond = false;  // kBegin: all packets of the file end before that moment
};
// kEnd: in a file that ends before that moment, its last whole packet. before: the end granule of
// the file that this one continues, if known.  Not found: the moment is before the first mark and
// `before` is not known, or there are several logical streams.
OggCut cut_at_packet(PastReading& reading, const ArchiveFile& file, std::int64_t wall_ms,
                     CutSide side, std::optional<std::uint64_t> before = {});
// The first packet that begins in a file whose first page begins within one; not found: the page
// begins with a packet.
OggCut first_whole_packet(PastReading& reading, const ArchiveFile& file);
// The granule of the last page; nullopt: no page.
std::optional<std::uint64_t> last_granule(PastReading& reading, const ArchiveFile& file);

// The page at the start of some bytes; empty(): they do not begin with a page.
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
// Appends a page with the packets [first, end) of this one; the rest of an earlier packet is packet
// 0.
void append_page_part(Bytes& out, const OggPage& page, std::size_t first, std::size_t end,
                      OggPageFields fields);

}  // namespace lb
