#include "archive/files/data_marks.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/file.h"
#include "media/mpeg_header.h"

namespace lb {
namespace {

constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::size_t kMaxIndexBytes = 64 * 1024 * 1024;
constexpr std::size_t kLookedAt = 16 * 1024;

// Calls take(bytes) for each piece of [from, to).  Returns false if the file ends before `to`.
template <class Take>
bool for_each_piece(int fd, std::uint64_t from, std::uint64_t to, Take take) {
  std::vector<std::byte> buffer(std::min<std::uint64_t>(kPieceBytes, to - std::min(from, to)));
  while (from < to) {
    const std::size_t want = std::min<std::uint64_t>(buffer.size(), to - from);
    const std::size_t got = read_at(fd, from, std::span(buffer).first(want));
    if (got == 0) return false;
    take(ByteSpan(buffer).first(got));
    from += got;
  }
  return true;
}

// Collects marks by their offset in the file; the scanned bytes begin with `ahead` bytes of
// headers.
class MarkCollector final : public MarkSink {
 public:
  MarkCollector(DataMarks& out, std::uint64_t ahead, unsigned rate_hz)
      : out_(out), ahead_(ahead), rate_hz_(rate_hz) {}

  void sync(std::uint64_t position, UnitTime time) override { note(position, time); }
  void inner(std::uint64_t position, UnitTime time) override { note(position, time); }
  // Damaged bytes may look like frames of another rate for a moment, so media time is not reset
  // here.
  void clock(std::uint64_t, unsigned rate_hz) override {
    if (rate_hz_ == 0) out_.first.rate_hz = rate_hz_ = rate_hz;
    now_hz_ = rate_hz;
    base_ = last_;
  }
  void start(std::uint64_t) override {}
  void headers(std::uint64_t position, Bytes bytes) override {
    if (position <= ahead_) return;
    out_.facts.push_back(
        {position - ahead_, std::make_shared<const Bytes>(std::move(bytes)), nullptr});
  }
  void metadata(std::uint64_t position, Metadata metadata) override {
    if (position <= ahead_) return;
    out_.facts.push_back(
        {position - ahead_, nullptr, std::make_shared<const Metadata>(std::move(metadata))});
  }
  void codec(const CodecFacts&) override {}

  std::uint64_t samples_of(std::uint64_t samples) const noexcept {
    if (now_hz_ == 0 || now_hz_ == rate_hz_) return base_ + samples;
    return base_ + samples * rate_hz_ / now_hz_;
  }

 private:
  void note(std::uint64_t position, UnitTime time) {
    last_ = std::max(last_, samples_of(time.samples));
    if (position < ahead_ || (rate_hz_ > 0 && !time.second && !out_.marks.empty())) return;
    FileMark mark;
    mark.offset = position - ahead_;
    mark.samples = rate_hz_ > 0 ? last_ : 0;
    if (out_.marks.empty()) out_.first.samples = mark.samples;
    if (out_.marks.empty() || out_.marks.back().offset < mark.offset) out_.marks.push_back(mark);
  }

  DataMarks& out_;
  const std::uint64_t ahead_;
  unsigned rate_hz_, now_hz_ = 0;
  std::uint64_t base_ = 0, last_ = 0;
};

// Scans the whole units of a file up to `to` and returns where the last one ends.
std::uint64_t walk(int fd, std::uint64_t from, std::uint64_t to, const FramerPlugin& plugin,
                   MediaTime first, const Bytes* headers, DataMarks& out) {
  const std::uint64_t ahead = headers == nullptr ? 0 : headers->size();
  const auto framer = plugin.make(from, first);
  out.first = first;
  MarkCollector collector(out, ahead, first.rate_hz);
  if (headers != nullptr) framer->consume(*headers, collector);
  for_each_piece(fd, from, to, [&](ByteSpan piece) { framer->consume(piece, collector); });
  const std::uint64_t complete = std::max(framer->complete(), from + ahead) - ahead;
  FileMark end;
  end.offset = complete;
  if (framer->clock() != nullptr && out.first.rate_hz > 0)
    end.samples = collector.samples_of(framer->clock()->now().samples);
  const bool units = !out.marks.empty() || plugin.name == "opaque";
  if (units && (out.marks.empty() || complete > out.marks.back().offset)) {
    if (!out.marks.empty()) end.samples = std::max(end.samples, out.marks.back().samples);
    out.marks.push_back(end);
  }
  return complete;
}

}  // namespace

Result<std::string> read_index_text(const std::string& path) {
  auto file = read_file(path, {.limit = kMaxIndexBytes, .cut = true, .follows_links = false});
  return file ? Result<std::string>(std::move(file->text)) : file.error();
}

DataMarks find_data_marks(int fd, std::uint64_t from, std::uint64_t to,
                          const std::string& content_type, MediaTime first, const Bytes* headers) {
  const FramerPlugin& plugin = framer_for(content_type);
  if (headers != nullptr && headers->empty()) headers = nullptr;
  DataMarks out;
  const std::uint64_t whole = walk(fd, from, to, plugin, first, headers, out);
  if (whole == to || whole == from) return out;
  // The first scan has counted the incomplete unit at the end into the media time.
  DataMarks again;
  walk(fd, from, whole, plugin, first, headers, again);
  return again;
}

std::string recorded_type_of(int fd) {
  std::vector<std::byte> bytes(kLookedAt);
  bytes.resize(read_at(fd, 0, bytes));
  if (bytes.empty()) return {};
  const std::string_view text = as_text(bytes);
  if (text.starts_with("OggS")) return "application/ogg";
  if (text.starts_with("\x1a\x45\xdf\xa3")) return "video/webm";
  // A single frame header may occur by chance, so a second frame of the same kind must follow.
  for (std::size_t at = 0; at + kMpegFrameHead < bytes.size(); ++at) {
    const MpegUnit unit = mpeg_frame_at(ByteSpan(bytes).subspan(at));
    if (unit.what != MpegUnit::What::kFrame || at + unit.size >= bytes.size()) continue;
    const MpegUnit next = mpeg_frame_at(ByteSpan(bytes).subspan(at + unit.size));
    if (next.what != MpegUnit::What::kFrame || next.kind != unit.kind) continue;
    return unit.kind.layer == 0 ? "audio/aac" : "audio/mpeg";
  }
  return {};
}

std::optional<std::uint32_t> data_checksum(int fd, std::uint64_t from, std::uint64_t to) {
  std::uint32_t crc = 0;
  if (!for_each_piece(fd, from, to, [&crc](ByteSpan piece) { crc = crc32c(piece, crc); }))
    return std::nullopt;
  return crc;
}

}  // namespace lb
