// Logical Ogg streams: the codec of a first page, and the header pages.
//
// Thread: one owner.  Pure.
// Errors: a stream with broken or too long headers is reported, without further effect.
// Source: RFC 3533 (Ogg), RFC 7845 (Opus), RFC 5334 (types and codecs), the mapping documents of
// Vorbis, Theora, FLAC, Speex, Skeleton 4, Kate; names and values as Icecast 2.4.4 shows them
// (tried).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/record.h"
#include "media/bytes.h"
#include "media/framer.h"
#include "media/metadata.h"
#include "media/ogg_page.h"

namespace lb {

// Of one logical stream, and of a chain; more are not told to relays.  A picture of 512 KiB
// (media/picture.h) has 683 KiB as a comment.
constexpr std::size_t kMaxHeaderBytes = std::size_t{1} << 20;

enum class OggCodec : std::uint8_t {
  kUnknown,
  kVorbis,
  kOpus,
  kFlac,
  kSpeex,
  kTheora,
  kSkeleton,
  kKate,
  kMidi,
};

OggCodec ogg_codec_of(ByteSpan first_packet) noexcept;

// The rate of granule positions; 0: they count no samples, or the packet has no rate.
// Source: RFC 7845 section 4; the Ogg FLAC mapping and RFC 9639 section 8.2 (STREAMINFO).
unsigned ogg_granule_hertz(OggCodec codec, ByteSpan first_packet);

// The most samples of one packet of a stream with such granules; 0: not known.
std::uint64_t ogg_longest_packet(OggCodec codec, ByteSpan first_packet);

// The most samples of the packets that end on a page, whatever its granule says: 0: not known.
// Opus tells the length of each packet.
// Source: RFC 6716 section 3.1.
std::uint64_t ogg_most_samples(const OggPage& page, OggCodec codec, std::uint64_t longest_packet);

// Adds the facts of one more stream's first packet.  Names are joined with "/", the last stream
// first, as in Icecast; an unknown codec has none.
void add_ogg_facts(OggCodec codec, ByteSpan first_packet, CodecFacts& facts);

// Follows the header pages of one logical stream.
class OggHeaders {
 public:
  OggHeaders() = default;  // to be read from a record
  // `keep`: how many of the first packets stay readable.
  // REQUIRES: bos.bos()
  OggHeaders(const OggPage& bos, std::size_t keep);

  std::uint32_t serial() const noexcept { return serial_; }
  OggCodec codec() const noexcept { return codec_; }
  // All header packets are complete: further pages have media.
  bool done() const noexcept { return done_; }
  // Skeleton has no fixed number of headers: it ends with a page, or when other streams begin
  // media.
  bool may_be_cut_short() const noexcept { return codec_ == OggCodec::kSkeleton; }
  bool ended() const noexcept { return ended_; }  // the first page was also the last

  // Takes the next page of this stream.  False: a page is missing, the comments are not the
  // codec's, or the headers exceed kMaxHeaderBytes; then no result here is valid.
  // REQUIRES: !done()
  bool take(const OggPage& page);

  void forget_packets() noexcept { kept_ = {}; }
  // Empty: no such packet, or it was not kept.
  ByteSpan packet(std::size_t index) const noexcept;
  // The Vorbis comment structure in the second packet; empty: the codec has none.
  ByteSpan comments() const noexcept;

  template <class Io, RecordOf<OggHeaders> T>
  friend void record_fields(Io& io, T& stream) {
    io(1, stream.serial_, stream.next_sequence_);
    io.choice(3, stream.codec_, OggCodec::kMidi);
    io(4, stream.keep_, stream.header_packets_, stream.packets_, stream.bytes_, stream.first_byte_,
       stream.inside_packet_, stream.done_, stream.ended_, stream.kept_);
  }

 private:
  bool take_packets(const OggPage& page);
  bool packet_ended();

  std::uint32_t serial_ = 0;
  std::uint32_t next_sequence_ = 0;
  OggCodec codec_ = OggCodec::kUnknown;
  std::size_t keep_ = 0;
  std::size_t header_packets_ = 0;  // 0: unknown, an end mark follows
  std::size_t packets_ = 0;         // ended so far
  std::size_t bytes_ = 0;
  std::uint8_t first_byte_ = 0;  // of the present packet
  bool inside_packet_ = false;
  bool done_ = false;
  bool ended_ = false;
  std::vector<Bytes> kept_;
};

// Vorbis comments: the titles inside Ogg streams (Vorbis, Opus, FLAC, Speex, Theora).
// Source: "Ogg Vorbis I format specification: comment field and header specification".
// Errors: none; a truncated list gives the entries before its end.
struct OggTags {
  std::string_view vendor;  // views into the bytes that were given
  std::string_view artist;  // the first of its name; names match in any case
  std::string_view title;
};
OggTags read_ogg_tags(ByteSpan comments);
// Gives every comment to f, until it returns false; returns the vendor.
std::string_view each_ogg_comment(
    ByteSpan comments, const std::function<bool(std::string_view name, std::string_view value)>& f);

// Artist and title separately, as clean UTF-8 of at most 4080 bytes each.
Metadata metadata_of(const OggTags& tags);

}  // namespace lb
