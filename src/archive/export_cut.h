// export_cut: where a moment is within a recorded file: the frame of MPEG audio, the packet of Ogg
// that is heard then.  A range is cut there, so it is as long as what was asked, also where
// second-marks are far apart: FLAC packets go over from page to page, and no mark stands there.
//
// Thread: where reading may wait (ReaderPool); it reads from the mark before that moment.
// Bounds: 16 MiB behind a mark; beyond it, and where frames or packets are not found, the mark
// itself.
// Source: RFC 3533 section 6 (lacing, granule position).
#pragma once

#include <cstdint>

#include "archive/archive_file.h"
#include "media/bytes.h"
#include "media/ogg_page.h"

namespace lb {

// A part of the file, as much of it as there is.  Of another node's file it is fetched.
Bytes read_part(const ArchiveFile& file, std::uint64_t from, std::uint64_t to);

struct UnitCut {
  std::uint64_t offset = 0, samples = 0;
  std::int64_t wall_ms = 0;
};
enum class CutSide : std::uint8_t {
  kBegin,  // the last unit that begins at or before the moment
  kEnd,    // the first one at or after it
};
// Of MPEG audio a frame, of other formats a second-mark.
UnitCut cut_at_unit(const ArchiveFile& file, std::int64_t wall_ms, CutSide side);

// A packet of Ogg, by its page.  Packets of a page last equally long, as far as the page tells.
struct OggCut {
  bool found = false;
  std::uint64_t page = 0;     // of the file
  std::size_t page_size = 0;  // with its header
  std::size_t packet = 0;  // in the page; the rest of one that began before is 0.  kEnd: behind it
  std::uint64_t granule = 0;         // kBegin: at the packet's begin; kEnd: at its end
  std::uint64_t packet_samples = 0;  // of one packet of this page
  std::int64_t wall_ms = 0;
};
// kEnd: of a file that ends before that moment, its last whole packet.
// Not found: the moment is before the first mark, or the page's granule is not known.
OggCut cut_at_packet(const ArchiveFile& file, std::int64_t wall_ms, CutSide side);

constexpr std::size_t kAllPackets = ~std::size_t{0};
// Appends a page with the packets [first, end) of this one; the rest of a packet that began before
// counts as packet 0.
void append_page_part(Bytes& out, const OggPage& page, std::size_t first, std::size_t end,
                      OggPageFields fields);

}  // namespace lb
