// WebM and Matroska (RFC 8794 EBML, RFC 9559 Matroska).  A decoder needs the bytes before the first
// Cluster, and may then start at any Cluster.
//
// The elements are walked flat: Segment and Cluster, whose size is unknown in live streams, are
// entered; others are passed by their size.  An element that is not Matroska's ends the walk; then
// all bytes pass until a Cluster or an EBML head is found.
#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <utility>

#include "media/bytes.h"
#include "media/framer.h"

namespace lb {
namespace {

constexpr std::uint64_t kEbmlSyncSpacing = 512;  // see framer.h
constexpr std::size_t kMaxEbmlHeaderBytes = std::size_t{256}
                                            << 10;  // more: no headers are kept, no marks made
constexpr std::uint64_t kMaxElement = 16 << 20;     // a larger one is a broken size
constexpr std::uint64_t kMaxHead = 4096;            // of the EBML head
constexpr std::uint64_t kHeldUnit = std::uint64_t{64} << 10;  // larger elements are not held
constexpr std::size_t kMaxElementHead = 12;                   // 4 bytes of id, 8 of size

constexpr std::uint32_t kEbml = 0x1a45dfa3;
constexpr std::uint32_t kSegment = 0x18538067;
constexpr std::uint32_t kCluster = 0x1f43b675;
// Elements that are passed by their size: SeekHead, Info, Tracks, Chapters, Cues, Attachments,
// Tags; in a Cluster Timestamp, SilentTracks, Position, PrevSize, BlockGroup, SimpleBlock,
// EncryptedBlock; anywhere Void and CRC-32.
constexpr auto kOthers = std::to_array<std::uint32_t>(
    {0x114d9b74, 0x1549a966, 0x1654ae6b, 0x1043a770, 0x1c53bb6b, 0x1941a469, 0x1254c367, 0xe7,
     0x5854, 0xa7, 0xab, 0xa0, 0xa3, 0xaf, 0xec, 0xbf});

struct Element {
  enum class What : std::uint8_t { kNothing, kNeedsMore, kElement };
  What what = What::kNothing;
  std::uint32_t id = 0;
  std::size_t head = 0;                    // bytes of id and size
  std::optional<std::uint64_t> size = {};  // of the content; nullopt: unknown
};

Element element_at(ByteSpan bytes) {
  constexpr Element kNeedsMore{.what = Element::What::kNeedsMore};
  if (bytes.empty()) return kNeedsMore;
  const auto length_of = [&](std::size_t at) {
    return static_cast<std::size_t>(std::countl_zero(static_cast<std::uint8_t>(u8(bytes, at)))) + 1;
  };
  const std::size_t id_length = length_of(0);
  if (id_length > 4) return {};
  if (bytes.size() < id_length) return kNeedsMore;
  Element element{.what = Element::What::kElement};
  element.id = static_cast<std::uint32_t>(read_be(bytes, 0, id_length));
  const bool entered = element.id == kSegment || element.id == kCluster;
  if (!entered && element.id != kEbml &&
      std::find(kOthers.begin(), kOthers.end(), element.id) == kOthers.end())
    return {};
  if (bytes.size() == id_length) return kNeedsMore;
  const std::size_t size_length = length_of(id_length);
  if (size_length > 8) return {};
  element.head = id_length + size_length;
  if (bytes.size() < element.head) return kNeedsMore;
  const std::uint64_t mask = (std::uint64_t{1} << (7 * size_length)) - 1;
  const std::uint64_t size = read_be(bytes, id_length, size_length) & mask;
  if (size != mask) element.size = size;
  if (entered) return element;
  const std::uint64_t limit = element.id == kEbml ? kMaxHead : kMaxElement;
  return element.size && *element.size <= limit ? element : Element{};
}

class EbmlFramer final : public Framer {
 public:
  explicit EbmlFramer(std::uint64_t begin) noexcept
      : position_(begin), unit_(begin), seen_(begin) {}

  void consume(std::span<const std::byte> bytes, MarkSink& sink) override;
  std::uint64_t complete() const noexcept override {
    const bool passes = searching_ || (left_ > 0 && !unit_is_held_);
    return passes ? position_ + held_.size() : std::max(unit_, seen_);
  }
  void save(RecordOut& out) const override { fields(out, *this); }
  void restore(RecordIn& in) override { fields(in, *this); }

 private:
  template <class Io, class Self>
  static void fields(Io& io, Self& self) {
    io(1, self.position_, self.unit_, self.seen_, self.left_, self.unit_is_held_, self.searching_,
       self.held_);
    io.choice(8, self.headers_state_, Headers::kKnown);
    io(9, self.headers_, self.first_cluster_, self.last_sync_);
  }
  std::size_t scan(ByteSpan bytes, MarkSink& sink);
  std::optional<std::size_t> walk(ByteSpan bytes, MarkSink& sink);
  std::optional<std::size_t> search(ByteSpan bytes);
  void advance(ByteSpan bytes);
  void begin_headers(MarkSink& sink);
  void begin_cluster(MarkSink& sink);

  enum class Headers : std::uint8_t { kNone, kComing, kKnown };

  std::uint64_t position_;    // of the first unparsed byte
  std::uint64_t unit_;        // walking: the start of the present element
  std::uint64_t seen_;        // all bytes before it have passed, because the search needed them
  std::uint64_t left_ = 0;    // of the present element
  bool unit_is_held_ = true;  // it is small enough to be held until it is whole
  bool searching_ = false;
  std::vector<std::byte> held_;  // the beginning of an element's id and size

  Headers headers_state_ = Headers::kNone;
  Bytes headers_;
  bool first_cluster_ = false;  // the next Cluster is the first after its headers
  std::uint64_t last_sync_ = 0;
};

void EbmlFramer::consume(std::span<const std::byte> bytes, MarkSink& sink) {
  scan_with_held(held_, bytes, kMaxElementHead, [&](ByteSpan some) { return scan(some, sink); });
}

// Returns the number of bytes passed; the rest is needed again with more bytes.
std::size_t EbmlFramer::scan(ByteSpan bytes, MarkSink& sink) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ByteSpan rest = bytes.subspan(at);
    std::optional<std::size_t> step =
        static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest.size()));
    if (left_ == 0) step = searching_ ? search(rest) : walk(rest, sink);
    if (!step) break;
    advance(rest.first(*step));
    at += *step;
  }
  return at;
}

void EbmlFramer::advance(ByteSpan bytes) {
  if (headers_state_ == Headers::kComing) {
    headers_.insert(headers_.end(), bytes.begin(), bytes.end());
    if (headers_.size() > kMaxEbmlHeaderBytes) {
      headers_state_ = Headers::kNone;
      headers_ = {};
    }
  }
  position_ += bytes.size();
  left_ -= std::min<std::uint64_t>(left_, bytes.size());
  if (left_ == 0) unit_ = position_;
}

// Called at the start of an element.  Returns the number of bytes to pass; nullopt: more are
// needed.
std::optional<std::size_t> EbmlFramer::walk(ByteSpan bytes, MarkSink& sink) {
  const Element element = element_at(bytes);
  if (element.what == Element::What::kNeedsMore) return std::nullopt;
  if (element.what == Element::What::kNothing) {
    searching_ = true;
    if (headers_state_ == Headers::kComing) {
      headers_state_ = Headers::kNone;
      headers_ = {};
    }
    return 0;
  }
  left_ = element.head;
  if (element.id == kEbml) begin_headers(sink);
  if (element.id == kCluster) begin_cluster(sink);
  if (element.id != kCluster && element.id != kSegment) left_ += *element.size;
  unit_is_held_ = left_ <= kHeldUnit;
  return static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
}

std::optional<std::size_t> EbmlFramer::search(ByteSpan bytes) {
  constexpr std::uint8_t kEbmlByte = kEbml >> 24;
  constexpr std::uint8_t kClusterByte = kCluster >> 24;
  const auto may_begin = std::find_if(bytes.begin(), bytes.end(), [](std::byte b) {
    return b == std::byte{kEbmlByte} || b == std::byte{kClusterByte};
  });
  if (may_begin != bytes.begin()) return static_cast<std::size_t>(may_begin - bytes.begin());
  if (bytes.size() < 4) return std::nullopt;
  const auto id = static_cast<std::uint32_t>(read_be(bytes, 0, 4));
  if (id != kEbml && id != kCluster) return 1;
  if (bytes.size() < kMaxElementHead) return std::nullopt;
  seen_ = std::max(seen_, position_ + kMaxElementHead);
  if (element_at(bytes).what != Element::What::kElement) return 1;
  searching_ = false;
  return 0;
}

void EbmlFramer::begin_headers(MarkSink& sink) {
  headers_state_ = Headers::kComing;
  headers_.clear();
  sink.start(position_);
}

void EbmlFramer::begin_cluster(MarkSink& sink) {
  if (headers_state_ == Headers::kComing) {
    headers_state_ = Headers::kKnown;
    first_cluster_ = true;
    sink.headers(position_, std::exchange(headers_, {}));
  }
  if (headers_state_ != Headers::kKnown) return;
  if (!first_cluster_ && position_ < last_sync_ + kEbmlSyncSpacing) return;
  first_cluster_ = false;
  last_sync_ = position_;
  sink.sync(position_, {});
}

constexpr std::string_view kEbmlTypes[] = {"audio/webm", "video/webm", "audio/x-matroska",
                                           "video/x-matroska", "video/x-matroska-3d"};

}  // namespace

extern const FramerPlugin kEbmlFramer;
constinit const FramerPlugin kEbmlFramer{
    .name = "ebml",
    .types = kEbmlTypes,
    .icy_metadata = false,
    .make = [](std::uint64_t begin, MediaTime) -> std::unique_ptr<Framer> {
      return std::make_unique<EbmlFramer>(begin);
    },
    .make_rewriter = nullptr,
};

}  // namespace lb
