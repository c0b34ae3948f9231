#include "archive/read/stream_start.h"

#include <algorithm>
#include <utility>

#include "archive/files/file_list.h"
#include "archive/read/export_cut.h"
#include "archive/read/past_reading.h"
#include "media/framer.h"

namespace lb {
namespace {

// A moment this close to the end of an Ogg file may be on the first page of the next file.
constexpr std::int64_t kLongestPageMs = 30'000;

// An Ogg page may begin with packets that must be left out.
bool begins_within_page(const ArchiveFile& file) {
  return framer_for(file.index.head.content_type).name == "ogg";
}

// Whether the byte will be recorded in a moment: its file is still growing, or the stream ended
// with it and the next stream is not announced before its wall time is known.
bool comes_soon(const RecordedFiles& files, const StreamAddress& at, bool plays) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    const FileRow& row = files[i];
    if (row.id != short_id(at.id) || row.origin_end() > at.position) continue;
    if (row.open && at.position - row.origin_end() <= kMaxUnwritten) return true;
    if (plays && i + 1 == files.size() && row.origin_end() == at.position) return true;
  }
  return false;
}

// The file recorded after a stream that ended exactly at that byte; size(): none soon.
std::size_t file_behind(const RecordedFiles& files, const StreamAddress& at) {
  for (std::size_t i = 0; i + 1 < files.size(); ++i) {
    const FileRow &last = files[i], &next = files[i + 1];
    if (last.id == short_id(at.id) && last.origin_end() == at.position && next.bytes > 0 &&
        next.from_ms - last.to_ms <= kLongestHole.count())
      return i + 1;
  }
  return files.size();
}

// The page without the packets before the cut; granule and sequence number stay.
Bytes page_from(PastReading& reading, const ArchiveFile& file, const OggCut& cut) {
  Bytes out;
  const FirstPage first(reading.read(file, cut.page, cut.page + cut.page_size));
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

StartFile find_start_file(const RecordedFiles& files, PastMoment moment, bool plays) {
  StartFile out;
  if (moment.at) {
    out.file = files.find(short_id(moment.at->id), moment.at->position);
    if (out.file == files.size()) {
      out.soon = comes_soon(files, *moment.at, plays);
      out.file = file_behind(files, *moment.at);
      moment.at.reset();
      if (out.file < files.size()) moment.from_ms = files[out.file].from_ms;
    }
  } else {
    out.file = files.find(moment.from_ms);
    while (out.file < files.size() && files[out.file].bytes == 0) ++out.file;
  }
  out.moment = moment;
  return out;
}

std::optional<StreamStart> start_in(PastReading& reading, const RecordedFiles& files,
                                    const StartFile& found) {
  if (found.file == files.size()) return std::nullopt;
  const auto& [from_ms, at, earliest_ms] = found.moment;
  const FileRow& row = files[found.file];
  auto file = reading.open(row);
  if (!file) return std::nullopt;
  if (!at && begins_within_page(*file)) {
    const bool meets = found.file + 1 < files.size() && row.goes_on_in(files[found.file + 1]) &&
                       row.to_ms - from_ms < kLongestPageMs;
    auto next = meets ? reading.open(files[found.file + 1]) : nullptr;
    return start_at(reading, std::move(file), std::move(next), from_ms);
  }
  const FileIndex& index = file->index;
  if (at && index.head.span.id != at->id) return std::nullopt;
  StreamStart start;
  if (at) {
    start.offset = std::min(at->position - file->row.origin, index.end());
    start.wall_ms = index.marks[index.mark_before(start.offset)].wall_ms;
  } else {
    UnitCut cut = cut_at_unit(reading, *file, from_ms, CutSide::kBegin);
    // The frame begins before the earliest allowed time, so the next frame is taken.
    if (cut.wall_ms < earliest_ms) cut = cut_at_unit(reading, *file, from_ms, CutSide::kEnd);
    start.offset = cut.offset;
    start.wall_ms = cut.wall_ms;
  }
  start.file = std::move(file);
  return start;
}

StreamStart start_at(PastReading& reading, std::shared_ptr<const ArchiveFile> file,
                     std::shared_ptr<const ArchiveFile> next, std::int64_t wall_ms) {
  StreamStart start;
  OggCut cut;
  if (begins_within_page(*file)) {
    cut = cut_at_packet(reading, *file, wall_ms, CutSide::kBegin);
    const bool meets =
        next && next->row.id == file->row.id && file->row.origin + file->end() == next->row.origin;
    if (cut.beyond && meets) {
      const OggCut there =
          cut_at_packet(reading, *next, wall_ms, CutSide::kBegin, last_granule(reading, *file));
      if (there.found) {
        file = std::move(next);
        cut = there;
      }
    }
    if (!cut.found && file->index.marks.front().wall_ms >= wall_ms)
      cut = first_whole_packet(reading, *file);
  }
  if (cut.found) start.lead = page_from(reading, *file, cut);
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
