#include "archive/stream_start.h"

#include <algorithm>
#include <utility>

#include "archive/export_cut.h"

namespace lb {
namespace {

// The page without the packets before the cut.  Its granule and its number stay.
Bytes page_from(const ArchiveFile& file, const OggCut& cut) {
  Bytes out;
  const FirstPage first(read_part(file, cut.page, cut.page + cut.page_size));
  if (first.empty()) return out;
  const OggPage page = first.get();
  const ByteSpan lacing = page.lacing();
  const auto whole = static_cast<std::size_t>(std::count_if(
      lacing.begin(), lacing.end(), [](std::byte one) { return one != std::byte{255}; }));
  OggPageFields fields{u8(page.header, 5), page.granule(), page.serial(), page.sequence()};
  if (cut.packet > 0) fields.flags &= ~kOggContinued;
  if (cut.packet >= whole) fields.granule = kOggNoGranule;
  append_page_part(out, page, cut.packet, kAllPackets, fields);
  return out;
}

}  // namespace

bool begins_within_page(const ArchiveFile& file) {
  return framer_for(file.index.head.content_type).name == "ogg";
}

StreamStart start_at(std::shared_ptr<const ArchiveFile> file,
                     std::shared_ptr<const ArchiveFile> next, std::int64_t wall_ms) {
  StreamStart start;
  OggCut cut;
  if (begins_within_page(*file)) {
    cut = cut_at_packet(*file, wall_ms, CutSide::kBegin);
    const bool meets =
        next && next->row.id == file->row.id && file->row.origin + file->end() == next->row.origin;
    if (cut.beyond && meets) {
      const OggCut there = cut_at_packet(*next, wall_ms, CutSide::kBegin, last_granule(*file));
      if (there.found) {
        file = std::move(next);
        cut = there;
      }
    }
    if (!cut.found && file->index.marks.front().wall_ms >= wall_ms) cut = first_whole_packet(*file);
  }
  if (cut.found) start.lead = page_from(*file, cut);
  if (!start.lead.empty()) {
    start.offset = cut.page + cut.page_size;
    start.wall_ms = cut.wall_ms;
  } else {
    const FileMark& mark = file->index.marks[file->index.mark_at(wall_ms)];
    start.offset = mark.offset;
    start.wall_ms = mark.wall_ms;
  }
  start.file = std::move(file);
  return start;
}

}  // namespace lb
