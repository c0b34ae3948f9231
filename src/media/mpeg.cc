// MPEG audio: MP3 and AAC in ADTS.  No headers are needed to start; a decoder starts at a frame.
//
// Two states.  Walking goes from unit to unit by their sizes and reads nothing else; a stream
// begins with it, on trust, until the second frame confirms the first.  Searching passes all bytes
// until a frame is followed by one of its kind.
#include <algorithm>
#include <optional>
#include <utility>

#include "media/bytes.h"
#include "media/framer.h"
#include "media/mpeg_header.h"

namespace lb {
namespace {

using What = MpegUnit::What;

constexpr std::uint64_t kMpegSyncSpacing = 1024;  // see framer.h
constexpr std::size_t kPiece = 1024;              // added at a time to held bytes

class MpegFramer final : public Framer {
 public:
  MpegFramer(std::uint64_t begin, MediaTime first) noexcept
      : position_(begin), unit_(begin), seen_(begin), clock_(first) {}

  void consume(std::span<const std::byte> bytes, MarkSink& sink) override;
  MediaClock* clock() noexcept override { return &clock_; }
  std::uint64_t complete() const noexcept override {
    return searching_ ? position_ + held_.size() : std::max(unit_, seen_);
  }
  void save(RecordOut& out) const override { fields(out, *this); }
  void restore(RecordIn& in) override { fields(in, *this); }

 private:
  template <class Io, class Self>
  static void fields(Io& io, Self& self) {
    io(1, self.position_, self.unit_, self.seen_, self.left_, self.held_, self.searching_,
       self.trusted_, self.confirmed_, self.kind_, self.first_samples_, self.first_, self.clock_,
       self.marked_, self.last_mark_);
  }
  std::size_t scan(ByteSpan bytes, MarkSink& sink);
  std::optional<std::size_t> walk(ByteSpan bytes, MarkSink& sink);
  std::optional<std::size_t> search(ByteSpan bytes);
  void advance(std::size_t bytes) noexcept;
  void confirm(const MpegUnit& unit, MarkSink& sink);
  void mark(std::uint64_t position, MarkSink& sink);
  void pass(unsigned samples, MarkSink& sink);
  void tag_ended(MarkSink& sink);

  std::uint64_t position_;       // of the first unparsed byte
  std::uint64_t unit_;           // walking: the start of the present unit
  std::uint64_t seen_;           // all bytes before it have passed, because the search needed them
  std::size_t left_ = 0;         // of the present unit
  std::vector<std::byte> held_;  // at most a frame and a header, as long as a decision needs them

  bool searching_ = false;
  bool trusted_ = false;    // `kind_` was seen in a frame
  bool confirmed_ = false;  // … and in the next one
  MpegKind kind_;
  unsigned first_samples_ = 0;
  std::uint64_t first_ = 0;  // the unconfirmed frame
  MediaClock clock_;         // of the next frame, without the unconfirmed one
  bool marked_ = false;
  std::uint64_t last_mark_ = 0;
  bool in_tag_ = false;  // not handed over: the rest of a tag has no picture
  std::string tag_;      // the tag so far; at most 64 KiB
};

void MpegFramer::consume(std::span<const std::byte> bytes, MarkSink& sink) {
  scan_with_held(held_, bytes, kPiece, [&](ByteSpan some) { return scan(some, sink); });
}

// Returns the number of bytes passed; the rest is needed again with more bytes.
std::size_t MpegFramer::scan(ByteSpan bytes, MarkSink& sink) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ByteSpan rest = bytes.subspan(at);
    std::optional<std::size_t> step = std::min(left_, rest.size());
    if (left_ == 0) step = searching_ ? search(rest) : walk(rest, sink);
    if (!step) break;
    if (in_tag_) tag_ += as_text(rest.first(*step));
    advance(*step);
    at += *step;
    if (in_tag_ && left_ == 0) tag_ended(sink);
  }
  return at;
}

void MpegFramer::advance(std::size_t bytes) noexcept {
  position_ += bytes;
  left_ -= std::min(left_, bytes);
  if (left_ == 0) unit_ = position_;
}

// Called at the start of a unit.  Returns the number of bytes to pass; nullopt: more are needed.
std::optional<std::size_t> MpegFramer::walk(ByteSpan bytes, MarkSink& sink) {
  const MpegUnit unit = mpeg_unit_at(bytes);
  if (unit.what == What::kNeedsMore) return std::nullopt;
  if (unit.what == What::kNothing ||
      (unit.what == What::kFrame && trusted_ && unit.kind != kind_)) {
    seen_ = std::max(seen_, position_ + (unit.what == What::kNothing ? unit.size : 0));
    searching_ = true;
    trusted_ = confirmed_ = false;
    return 0;
  }
  if (unit.what == What::kFrame) {
    if (!trusted_) {
      first_ = position_;
      first_samples_ = unit.samples;
    } else {
      confirm(unit, sink);
      mark(position_, sink);
      pass(unit.samples, sink);
    }
    trusted_ = true;
    kind_ = unit.kind;
  }
  in_tag_ = unit.what == What::kTag && begins_with(bytes, "ID3");
  left_ = unit.size;
  return std::min(unit.size, bytes.size());
}

std::optional<std::size_t> MpegFramer::search(ByteSpan bytes) {
  if (const std::size_t junk = std::min(as_text(bytes).find('\xff'), bytes.size()); junk > 0)
    return junk;
  const MpegUnit frame = mpeg_frame_at(bytes);
  if (frame.what == What::kNeedsMore) return std::nullopt;
  if (frame.what == What::kNothing) return 1;
  if (bytes.size() < frame.size + kMpegFrameHead) return std::nullopt;
  seen_ = std::max(seen_, position_ + frame.size + kMpegFrameHead);
  const MpegUnit next = mpeg_frame_at(bytes.subspan(frame.size));
  if (next.what == What::kNothing || next.kind != frame.kind) return 1;
  searching_ = false;
  trusted_ = confirmed_ = true;
  kind_ = frame.kind;
  return 0;
}

void MpegFramer::tag_ended(MarkSink& sink) {
  in_tag_ = false;
  StreamPicture picture = picture_in_id3(as_byte_span(tag_));
  tag_ = {};
  if (!picture.bytes.empty()) sink.picture(std::move(picture));
}

// A second frame of the kind confirms the first, whose mark and time are reported now.
void MpegFramer::confirm(const MpegUnit& unit, MarkSink& sink) {
  if (std::exchange(confirmed_, true)) {
    // search() has seen two frames.
    if (clock_.set_rate(unit.rate_hz)) sink.clock(position_, unit.rate_hz);
    return;
  }
  if (clock_.set_rate(unit.rate_hz)) sink.clock(first_, unit.rate_hz);
  mark(first_, sink);
  pass(first_samples_, sink);
}

void MpegFramer::pass(unsigned samples, MarkSink& sink) {
  clock_.pass(samples);
  sink.time(clock_.now().samples);
}

void MpegFramer::mark(std::uint64_t position, MarkSink& sink) {
  const UnitTime time = clock_.unit();
  if (marked_ && !time.second && position < last_mark_ + kMpegSyncSpacing) return;
  marked_ = true;
  last_mark_ = position;
  clock_.told();
  sink.sync(position, time);
}

constexpr std::string_view kMpegTypes[] = {
    "audio/mpeg",     "audio/mp3",          "audio/x-mpeg", "audio/x-mp3",  "audio/mpeg3",
    "audio/x-mpeg3",  "audio/mpg",          "audio/x-mpg",  "audio/mpa",    "audio/x-mpegaudio",
    "audio/aac",      "audio/aacp",         "audio/x-aac",  "audio/x-aacp", "audio/x-hx-aac-adts",
    "audio/aac-adts", "audio/vnd.dlna.adts"};

}  // namespace

extern const FramerPlugin kMpegFramer;
constinit const FramerPlugin kMpegFramer{
    .name = "mpeg",
    .types = kMpegTypes,
    .icy_metadata = true,
    .make = [](std::uint64_t begin, MediaTime first) -> std::unique_ptr<Framer> {
      return std::make_unique<MpegFramer>(begin, first);
    },
    .make_rewriter = nullptr,
};

}  // namespace lb
