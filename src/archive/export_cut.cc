#include "archive/export_cut.h"

#include <unistd.h>

#include <algorithm>
#include <optional>

#include "archive/remote_wait.h"
#include "media/mpeg_header.h"

namespace lb {
namespace {

constexpr std::uint64_t kLongestLook = 16 * 1024 * 1024;
constexpr std::uint64_t kLookStep = 128 * 1024;

// Samples between two moments.
std::uint64_t samples_between(std::int64_t from_ms, std::int64_t to_ms, unsigned rate_hz) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, to_ms - from_ms)) * rate_hz / 1000;
}

// Follows the pages of one logical stream up to the packet of a moment.
class PacketSearch final : public OggPageSink {
 public:
  PacketSearch(const FileMark& mark, unsigned rate_hz, std::int64_t wall_ms, CutSide side)
      : mark_(mark), rate_hz_(rate_hz), wall_ms_(wall_ms), side_(side) {}

  void page(std::uint64_t position, const OggPage& page) override {
    if (done_) return;
    if (position < mark_.offset) {
      lead_in(page);
      return;
    }
    const bool first = !begun_;
    if (first && serial_ != page.serial()) before_.reset();
    if (first) serial_ = page.serial();
    begun_ = true;
    // Another chain has other granules.
    if (page.serial() != *serial_ || (page.bos() && !first)) {
      done_ = true;
      return;
    }
    const bool timed = page.granule() != kOggNoGranule;
    if (timed && before_ && page.granule() < *before_) before_.reset();
    if (first) {
      if (!timed) {
        done_ = true;
        return;
      }
      mark_granule_ = page.granule();
      wanted_ = mark_granule_ + samples_between(mark_.wall_ms, wall_ms_, rate_hz_);
    }
    const ByteSpan lacing = page.lacing();
    const auto whole = static_cast<std::size_t>(
        std::count_if(lacing.begin(), lacing.end(), [](std::byte one) { return one < kMore; }));
    const std::uint64_t granule = timed ? page.granule() : before_.value_or(mark_granule_);
    const bool open = !lacing.empty() && lacing.back() == kMore;
    if (side_ == CutSide::kBegin)
      begin_in(position, page, whole, open, granule);
    else
      end_in(position, page, whole, granule);
    if (timed) before_ = granule;
    if (timed && granule > wanted_) done_ = true;
  }

  bool done() const noexcept { return done_; }
  const OggCut& cut() const noexcept { return cut_; }

 private:
  static constexpr std::byte kMore{255};  // a packet that goes on in the next segment

  // Of a page before the mark the granule alone counts.
  void lead_in(const OggPage& page) {
    if (serial_ != page.serial() || page.bos()) before_.reset();
    serial_ = page.serial();
    if (page.granule() != kOggNoGranule) before_ = page.granule();
  }
  void take(std::uint64_t position, const OggPage& page, std::size_t packet, std::uint64_t granule,
            std::uint64_t packet_samples) {
    const auto since = static_cast<std::int64_t>(granule - mark_granule_);
    cut_ = {true,
            position,
            page.size(),
            packet,
            granule,
            packet_samples,
            mark_.wall_ms + since * 1000 / static_cast<std::int64_t>(rate_hz_)};
  }
  void begin_in(std::uint64_t position, const OggPage& page, std::size_t whole, bool open,
                std::uint64_t granule) {
    const std::size_t first = page.continued() ? 1 : 0;
    const std::uint64_t each = whole > 0 && before_ ? (granule - *before_) / whole : 0;
    if (before_ && whole > 0) {
      for (std::size_t i = first; i < whole; ++i) {
        const std::uint64_t at = *before_ + (granule - *before_) * i / whole;
        if (at <= wanted_) take(position, page, i, at, each);
      }
    }
    // One that does not end here comes with the packet before it: players take the time of a file's
    // begin from the first page on which a packet ends.
    const bool none = cut_.page != position || !cut_.found;
    if (open && none && (whole > 0 || first == 0) && granule <= wanted_)
      take(position, page, whole, granule, each);
  }
  void end_in(std::uint64_t position, const OggPage& page, std::size_t whole,
              std::uint64_t granule) {
    if (whole == 0) return;
    std::size_t end = whole;
    if (before_ && granule >= wanted_)
      for (std::size_t i = 1; i < whole && end == whole; ++i)
        if (*before_ + (granule - *before_) * i / whole >= wanted_) end = i;
    const std::uint64_t at =
        end == whole || !before_ ? granule : *before_ + (granule - *before_) * end / whole;
    take(position, page, end, at, 0);
    if (granule >= wanted_) done_ = true;
  }

  const FileMark mark_;
  const unsigned rate_hz_;
  const std::int64_t wall_ms_;
  const CutSide side_;
  std::optional<std::uint32_t> serial_;
  std::uint64_t mark_granule_ = 0, wanted_ = 0;
  std::optional<std::uint64_t> before_;  // the granule so far
  bool begun_ = false, done_ = false;
  OggCut cut_;
};

}  // namespace

Bytes read_part(const ArchiveFile& file, std::uint64_t from, std::uint64_t to) {
  Bytes bytes(static_cast<std::size_t>(std::min(to, file.end()) - std::min(from, file.end())));
  if (file.remote &&
      !fetch_and_wait(*file.remote->fetcher, file.shared_from_this(), from, bytes.size()))
    return {};
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::pread(file.fd(), bytes.data() + filled, bytes.size() - filled,
                                static_cast<off_t>(from + filled));
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

UnitCut cut_at_unit(const ArchiveFile& file, std::int64_t wall_ms, CutSide side) {
  const auto& marks = file.index.marks;
  const std::size_t k = file.index.mark_at(wall_ms);
  const auto of_mark = [&marks](std::size_t i) {
    return UnitCut{marks[i].offset, marks[i].samples, marks[i].wall_ms};
  };
  if (marks[k].wall_ms >= wall_ms || k + 1 == marks.size()) return of_mark(k);
  const UnitCut otherwise = of_mark(side == CutSide::kBegin ? k : k + 1);
  if (file.index.head.span.media.rate_hz == 0 ||
      marks[k + 1].offset - marks[k].offset > kLongestLook)
    return otherwise;
  const Bytes bytes = read_part(file, marks[k].offset, marks[k + 1].offset);
  UnitCut now = of_mark(k), last = now;
  std::uint64_t samples = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const MpegUnit unit = mpeg_unit_at(ByteSpan(bytes).subspan(at));
    const bool frame = unit.what == MpegUnit::What::kFrame && unit.rate_hz > 0;
    if ((!frame && unit.what != MpegUnit::What::kTag) || unit.size == 0) return otherwise;
    if (frame) {
      now = {marks[k].offset + at, marks[k].samples + samples,
             marks[k].wall_ms + static_cast<std::int64_t>(samples * 1000 / unit.rate_hz)};
      if (now.wall_ms > wall_ms || (side == CutSide::kEnd && now.wall_ms == wall_ms))
        return side == CutSide::kBegin ? last : now;
      last = now;
      samples += unit.samples;
    }
    at += unit.size;
  }
  return side == CutSide::kBegin ? last : of_mark(k + 1);
}

OggCut cut_at_packet(const ArchiveFile& file, std::int64_t wall_ms, CutSide side) {
  const auto& marks = file.index.marks;
  const unsigned rate_hz = file.index.head.span.media.rate_hz;
  std::size_t k = file.index.mark_at(wall_ms);
  // A mark at the end is of a page that is not in this file.
  while (k > 0 && marks[k].offset >= file.end()) --k;
  if (rate_hz == 0 || marks[k].offset >= file.end() ||
      (side == CutSide::kBegin && marks[k].wall_ms > wall_ms))
    return {};
  const std::uint64_t begin = marks[k > 0 ? k - 1 : k].offset;
  PacketSearch search(marks[k], rate_hz, wall_ms, side);
  OggPageScanner scanner(begin);
  for (std::uint64_t at = begin; at < file.end() && at - begin < kLongestLook && !search.done();
       at += kLookStep)
    scanner.feed(read_part(file, at, at + kLookStep), search);
  return search.cut();
}

void append_page_part(Bytes& out, const OggPage& page, std::size_t first, std::size_t end,
                      OggPageFields fields) {
  Bytes lacing;
  std::size_t packet = 0, at = 0, begin = 0, size = 0;
  for (const std::byte one : page.lacing()) {
    const auto bytes = std::to_integer<std::size_t>(one);
    if (packet >= first && packet < end) {
      if (lacing.empty()) begin = at;
      lacing.push_back(one);
      size += bytes;
    }
    at += bytes;
    if (bytes < 255) ++packet;
  }
  append_ogg_page(out, fields, lacing, page.body.subspan(begin, size));
}

}  // namespace lb
