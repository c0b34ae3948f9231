#include "archive/read/export_cut.h"

#include <algorithm>

#include "archive/read/export_head.h"
#include "media/mpeg_header.h"

namespace lb {
namespace {

constexpr std::uint64_t kLongestLook = 16 * 1024 * 1024;
constexpr std::uint64_t kLookStep = 128 * 1024;
constexpr std::uint64_t kSomePages = 256 * 1024;  // enough to contain a page

// The granule comes from the file and may be arbitrary, so the result is limited to a day.
std::int64_t length_ms(std::int64_t samples, unsigned rate_hz) {
  const std::int64_t day = std::int64_t{rate_hz} * 86'400;
  return std::clamp(samples, -day, day) * 1000 / rate_hz;
}

// Detects streams with several logical bitstreams, which are not cut within pages.
class ChainHeads final : public OggPageSink {
 public:
  explicit ChainHeads(ByteSpan headers) {
    OggPageScanner scanner(0);
    scanner.feed(headers, *this);
  }
  void page(std::uint64_t, const OggPage& page) override { heads_ += page.bos() ? 1 : 0; }
  bool are_one() const noexcept { return heads_ == 1; }

 private:
  unsigned heads_ = 0;
};

bool has_one_stream(const ArchiveFile& file, std::uint64_t offset) {
  const auto headers = file.index.headers_at(offset);
  return headers && ChainHeads(*headers).are_one();
}

// Feeds a sink from `begin` on; returns true if it reaches the end of the file.
template <class Sink>
bool scan(PastReading& reading, const ArchiveFile& file, std::uint64_t begin, Sink& sink) {
  OggPageScanner scanner(begin);
  std::uint64_t at = begin;
  for (; at < file.end() && at - begin < kLongestLook && !sink.done() && !reading.lacks();
       at += kLookStep)
    scanner.feed(reading.read(file, at, at + kLookStep), sink);
  return at >= file.end();
}

// Computes the granule of mark k from a later page, for a mark whose own page ends no packet and
// has no granule (RFC 3533 section 6).
class GranuleSearch final : public OggPageSink {
 public:
  GranuleSearch(const std::vector<FileMark>& marks, std::size_t k) : marks_(marks), k_(k) {}

  void page(std::uint64_t position, const OggPage& page) override {
    if (done_) return;
    if (page.bos() || (serial_ && *serial_ != page.serial())) {
      done_ = true;
      return;
    }
    serial_ = page.serial();
    if (page.granule() != kOggNoGranule) granule_ = page.granule();
    while (next_ < marks_.size() && marks_[next_].offset < position) ++next_;
    if (!granule_ || next_ == marks_.size() || marks_[next_].offset != position) return;
    const std::uint64_t since = marks_[next_].samples - marks_[k_].samples;
    if (since <= *granule_) found_ = *granule_ - since;
    done_ = true;
  }
  bool done() const noexcept { return done_; }
  std::optional<std::uint64_t> found() const noexcept { return found_; }

 private:
  const std::vector<FileMark>& marks_;
  const std::size_t k_;
  std::size_t next_ = k_ + 1;
  std::optional<std::uint32_t> serial_;
  std::optional<std::uint64_t> granule_, found_;
  bool done_ = false;
};

// Follows the pages of one logical stream to the packet heard at a moment.
class PacketSearch final : public OggPageSink {
 public:
  // before: the granule of the page before the first one passed in.  base: the granule at the
  // mark's time, if another page has shown it.
  PacketSearch(const FileMark& mark, unsigned rate_hz, std::int64_t wall_ms, CutSide side,
               std::optional<std::uint64_t> before, std::optional<std::uint64_t> base)
      : mark_(mark),
        rate_hz_(rate_hz),
        wall_ms_(wall_ms),
        side_(side),
        base_(base),
        before_(before) {}

  void page(std::uint64_t position, const OggPage& page) override {
    if (done_) return;
    if (position < mark_.offset) {
      lead_in(page);
      return;
    }
    const bool first = !begun_;
    if (first && (page.bos() || (serial_ && *serial_ != page.serial()))) before_.reset();
    if (first) serial_ = page.serial();
    begun_ = true;
    // A new chain or another serial number has unrelated granules.
    if (page.serial() != *serial_ || (page.bos() && !first)) {
      done_ = true;
      return;
    }
    const bool timed = page.granule() != kOggNoGranule;
    if (timed && before_ && page.granule() < *before_) before_.reset();
    if (first && !take_base(page, timed)) return;
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
  bool needs_base() const noexcept { return needs_base_; }
  const OggCut& cut() const noexcept { return cut_; }

 private:
  // A page on which no packet ends has no granule; the granule of an earlier page is used for it.
  bool take_base(const OggPage& page, bool timed) {
    if (!base_ && timed) base_ = page.granule();
    if (!base_) base_ = before_;
    if (!base_) {
      needs_base_ = done_ = true;
      return false;
    }
    mark_granule_ = *base_;
    if (!timed && !before_) before_ = mark_granule_;
    const std::int64_t ms = wall_ms_ - mark_.wall_ms;
    const std::uint64_t samples = static_cast<std::uint64_t>(ms < 0 ? -ms : ms) * rate_hz_ / 1000;
    wanted_ = ms < 0 ? mark_granule_ - std::min(samples, mark_granule_) : mark_granule_ + samples;
    return true;
  }

  static constexpr std::byte kMore{255};  // lacing value: the packet continues in the next segment

  // A page before the mark only contributes its granule.
  void lead_in(const OggPage& page) {
    if ((serial_ && *serial_ != page.serial()) || page.bos()) before_.reset();
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
            mark_.wall_ms + length_ms(since, rate_hz_),
            false};
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
    // A packet that continues on the next page is chosen only if none before it on this page was:
    // players take a file's start time from the first page on which a packet ends.
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
  std::optional<std::uint64_t> base_;
  std::optional<std::uint64_t> before_;  // the newest granule
  bool begun_ = false, done_ = false, needs_base_ = false;
  OggCut cut_;
};

}  // namespace

UnitCut cut_at_unit(PastReading& reading, const ArchiveFile& file, std::int64_t wall_ms,
                    CutSide side) {
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
  const Bytes bytes = reading.read(file, marks[k].offset, marks[k + 1].offset);
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

OggCut cut_at_packet(PastReading& reading, const ArchiveFile& file, std::int64_t wall_ms,
                     CutSide side, std::optional<std::uint64_t> before) {
  const auto& marks = file.index.marks;
  const unsigned rate_hz = file.index.head.span.media.rate_hz;
  std::size_t k = file.index.mark_at(wall_ms);
  // A mark at the file's end belongs to a page that is in the next file.
  while (k > 0 && marks[k].offset >= file.end()) --k;
  if (rate_hz == 0 || marks[k].offset >= file.end() ||
      (side == CutSide::kBegin && !before && marks[k].wall_ms > wall_ms) ||
      !has_one_stream(file, marks[k].offset))
    return {};
  const std::uint64_t begin = marks[k > 0 ? k - 1 : k].offset;
  if (begin > 0) before.reset();
  std::optional<std::uint64_t> base;
  while (true) {
    PacketSearch search(marks[k], rate_hz, wall_ms, side, before, base);
    const bool to_the_end = scan(reading, file, begin, search);
    if (search.needs_base() && !base) {
      GranuleSearch granules(marks, k);
      scan(reading, file, marks[k].offset, granules);
      base = granules.found();
      if (base) continue;
    }
    OggCut cut = search.cut();
    cut.beyond = to_the_end && !search.done() && side == CutSide::kBegin;
    return cut;
  }
}

OggCut first_whole_packet(PastReading& reading, const ArchiveFile& file) {
  const FileMark& mark = file.index.marks.front();
  const unsigned rate_hz = file.index.head.span.media.rate_hz;
  if (rate_hz == 0 || !has_one_stream(file, mark.offset)) return {};
  const Bytes bytes = reading.read(file, 0, kSomePages);
  const FirstPage page(bytes);
  if (page.empty() || !page.get().continued() || page.get().granule() == kOggNoGranule) return {};
  const OggRun run = ogg_run_at(bytes);
  const std::uint64_t each =
      run.second_packets == 0 ? 0 : (run.second_granule - run.first_granule) / run.second_packets;
  const std::uint64_t sound = each * (run.first_packets - 1);
  OggCut cut;
  cut.found = true;
  cut.page_size = page.get().size();
  cut.packet = 1;
  cut.granule = run.first_granule - std::min(sound, run.first_granule);
  cut.packet_samples = each;
  cut.wall_ms =
      mark.wall_ms - length_ms(static_cast<std::int64_t>(run.first_granule - cut.granule), rate_hz);
  return cut;
}

std::optional<std::uint64_t> last_granule(PastReading& reading, const ArchiveFile& file) {
  const std::uint64_t end = file.end();
  const std::uint64_t from =
      file.index.marks[file.index.mark_before(end - std::min(end, kSomePages))].offset;
  const Bytes bytes = reading.read(file, from, end);
  const std::uint64_t granule = ogg_tail(bytes, from, ogg_run_at(bytes).serial).granule;
  return granule == kOggNoGranule ? std::nullopt : std::optional(granule);
}

FirstPage::FirstPage(ByteSpan bytes) {
  OggPageScanner scanner(0);
  scanner.feed(bytes, *this);
}

void FirstPage::page(std::uint64_t position, const OggPage& page) {
  if (position != 0) return;
  header_.assign(page.header.begin(), page.header.end());
  body_.assign(page.body.begin(), page.body.end());
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
