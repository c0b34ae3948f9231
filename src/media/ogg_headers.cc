#include "media/ogg_headers.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"

namespace lb {
namespace {

using namespace std::string_view_literals;

struct Row {
  OggCodec codec;
  std::string_view name;
  std::string_view signature;  // start of the first packet
  std::string_view comments;   // start of the second packet, before its Vorbis comments
  bool has_comments;
};

constexpr auto kRows = std::to_array<Row>({
    {OggCodec::kVorbis, "Vorbis", "\x01vorbis", "\x03vorbis", true},
    {OggCodec::kOpus, "Opus", "OpusHead", "OpusTags", true},
    {OggCodec::kFlac, "FLAC",
     "\x7f"
     "FLAC",
     "", true},
    {OggCodec::kSpeex, "Speex", "Speex   ", "", true},
    {OggCodec::kTheora, "Theora", "\x80theora", "\x81theora", true},
    {OggCodec::kSkeleton, "Skeleton", "fishead\0"sv, "", false},
    {OggCodec::kKate, "Kate", "\x80kate\0\0\0"sv, "", false},
    {OggCodec::kMidi, "MIDI", "OggMIDI\0"sv, "", false},
});
constexpr Row kUnknownRow{OggCodec::kUnknown, "", "", "", false};

const Row& row_of(OggCodec codec) {
  for (const Row& row : kRows)
    if (row.codec == codec) return row;
  return kUnknownRow;
}

constexpr std::size_t kFlacBlockHead = 4;
constexpr std::uint8_t kFlacLastBlock = 0x80;

// The number of header packets, with the first; 0: the stream marks the last one.
std::size_t header_packets(OggCodec codec, ByteSpan first) {
  switch (codec) {
    case OggCodec::kVorbis:
    case OggCodec::kTheora:
    case OggCodec::kMidi:
      return 3;
    case OggCodec::kOpus:
      return 2;
    case OggCodec::kFlac: {
      const std::size_t more =
          first.size() >= 9 ? static_cast<std::size_t>(read_be(first, 7, 2)) : 0;
      return more == 0 ? 0 : 1 + more;
    }
    case OggCodec::kSpeex:
      return 2 + (first.size() >= 72 ? le32(first, 68) : 0);
    case OggCodec::kKate:
      return std::max<std::size_t>(1, first.size() > 11 ? u8(first, 11) : 1);
    case OggCodec::kSkeleton:
      return 0;
    case OggCodec::kUnknown:
      break;
  }
  return 1;
}

void add_vorbis_facts(ByteSpan first, CodecFacts& facts) {
  if (first.size() < 30 || facts.audio_channels != 0) return;
  facts.audio_channels = u8(first, 11);
  facts.audio_samplerate_hz = le32(first, 12);
  const std::uint32_t nominal = le32(first, 20);
  facts.audio_bitrate_bps = nominal > INT32_MAX ? 0 : nominal;  // negative: unknown
}

void add_theora_facts(ByteSpan first, CodecFacts& facts) {
  if (first.size() < 42) return;
  const auto rate = static_cast<double>(read_be(first, 22, 4));
  const auto per = static_cast<double>(read_be(first, 26, 4));
  if (per > 0) facts.other.emplace_back("frame_rate", decimal_text(rate / per, 2));
  facts.other.emplace_back("frame_size",
                           cat({read_be(first, 14, 3), " x ", read_be(first, 17, 3)}));
  facts.other.emplace_back("video_bitrate", std::to_string(read_be(first, 37, 3)));
  facts.other.emplace_back("video_quality", std::to_string(u8(first, 40) >> 2));
}

constexpr std::uint64_t kLongestOpus = 5760;  // 120 ms

std::uint64_t opus_samples(ByteSpan packet) {
  static constexpr std::uint64_t kSilk[] = {480, 960, 1920, 2880};
  if (packet.empty()) return 0;
  const unsigned head = u8(packet, 0), config = head >> 3;
  std::uint64_t frame = std::uint64_t{120} << (config & 3);  // CELT
  if (config < 12)
    frame = kSilk[config & 3];
  else if (config < 16)  // hybrid
    frame = kSilk[config & 1];
  const bool is_counted = (head & 3) == 3 && packet.size() > 1;
  const unsigned frames = is_counted ? u8(packet, 1) & 0x3f : (head & 3) == 0 ? 1 : 2;
  return std::min(frame * frames, kLongestOpus);
}

constexpr std::size_t kMaxText = 4080;  // the size of an ICY block; pages show no more

std::string clean(std::string_view text) {
  const std::string utf8 = clean_utf8(cut_utf8(text, kMaxText));
  return std::string(cut_utf8(utf8, kMaxText));  // UTF-8 of Latin-1 is longer
}

}  // namespace

OggCodec ogg_codec_of(ByteSpan first_packet) noexcept {
  for (const Row& row : kRows)
    if (begins_with(first_packet, row.signature)) return row.codec;
  return OggCodec::kUnknown;
}

unsigned ogg_granule_hertz(OggCodec codec, ByteSpan first_packet) {
  constexpr unsigned kOpusHertz = 48000;  // whatever the encoder's input was (RFC 7845 4)
  constexpr std::size_t kFlacRate = 13 + kFlacBlockHead + 10;  // 20 bits, in STREAMINFO
  switch (codec) {
    case OggCodec::kOpus:
      return kOpusHertz;
    case OggCodec::kFlac:
      return first_packet.size() < kFlacRate + 3
                 ? 0
                 : static_cast<unsigned>(read_be(first_packet, kFlacRate, 3) >> 4);
    case OggCodec::kVorbis: {
      CodecFacts facts;
      add_vorbis_facts(first_packet, facts);
      return facts.audio_samplerate_hz;
    }
    case OggCodec::kSpeex:
      return first_packet.size() < 40 ? 0 : le32(first_packet, 36);
    default:
      return 0;
  }
}

std::uint64_t ogg_longest_packet(OggCodec codec, ByteSpan first_packet) {
  constexpr std::size_t kVorbisBlocks = 28;                   // two powers of 2; the second is long
  constexpr std::size_t kFlacMost = 13 + kFlacBlockHead + 2;  // 16 bits, in STREAMINFO
  constexpr std::size_t kSpeexFrame = 56, kSpeexFrames = 64;  // samples of one, and how many
  switch (codec) {
    case OggCodec::kOpus:
      return kLongestOpus;
    case OggCodec::kVorbis:  // half of each block overlaps the one before
      return first_packet.size() <= kVorbisBlocks
                 ? 0
                 : (std::uint64_t{1} << (u8(first_packet, kVorbisBlocks) >> 4)) / 2;
    case OggCodec::kFlac:
      return first_packet.size() < kFlacMost + 2 ? 0 : read_be(first_packet, kFlacMost, 2);
    case OggCodec::kSpeex:
      return first_packet.size() < kSpeexFrames + 4
                 ? 0
                 : std::uint64_t{le32(first_packet, kSpeexFrame)} *
                       le32(first_packet, kSpeexFrames);
    default:
      return 0;
  }
}

std::uint64_t ogg_most_samples(const OggPage& page, OggCodec codec, std::uint64_t longest_packet) {
  std::uint64_t most = 0;
  std::size_t at = 0, begin = 0;
  bool is_whole = !page.continued();
  for (const std::byte lacing : page.lacing()) {
    at += std::to_integer<std::size_t>(lacing);
    if (lacing == std::byte{255}) continue;
    const bool tells = codec == OggCodec::kOpus && is_whole;
    most += tells ? opus_samples(page.body.subspan(begin, at - begin)) : longest_packet;
    begin = at;
    is_whole = true;
  }
  return most;
}

void add_ogg_facts(OggCodec codec, ByteSpan first_packet, CodecFacts& facts) {
  const std::string_view name = row_of(codec).name;
  // Tools compare the whole word, so its order is Icecast's: the last stream first.
  if (!name.empty())
    facts.subtype.insert(0, facts.subtype.empty() ? std::string(name) : cat({name, '/'}));
  if (codec == OggCodec::kVorbis) add_vorbis_facts(first_packet, facts);
  if (codec == OggCodec::kTheora) add_theora_facts(first_packet, facts);
  if (codec == OggCodec::kFlac && first_packet.size() >= 7)
    facts.other.emplace_back("FLAC_version", cat({u8(first_packet, 5), ".", u8(first_packet, 6)}));
}

OggHeaders::OggHeaders(const OggPage& bos, std::size_t keep)
    : serial_(bos.serial()), next_sequence_(bos.sequence()), keep_(keep), ended_(bos.eos()) {
  codec_ = ogg_codec_of(bos.body);
  header_packets_ = header_packets(codec_, bos.body);
  take_packets(bos);
  ++next_sequence_;
  bytes_ = bos.size();
}

bool OggHeaders::take(const OggPage& page) {
  bytes_ += page.size();
  if (bytes_ > kMaxHeaderBytes || page.sequence() != next_sequence_ ||
      page.continued() != inside_packet_)
    return false;
  ++next_sequence_;
  if (!take_packets(page)) return false;
  if (may_be_cut_short() && page.eos()) done_ = true;
  return true;
}

bool OggHeaders::take_packets(const OggPage& page) {
  std::size_t at = 0;
  for (const std::byte lacing : page.lacing()) {
    const auto size = std::to_integer<std::size_t>(lacing);
    if (!inside_packet_) {
      inside_packet_ = true;
      first_byte_ = size > 0 ? std::to_integer<std::uint8_t>(page.body[at]) : std::uint8_t{0};
      if (packets_ < keep_) kept_.emplace_back();
    }
    const ByteSpan part = page.body.subspan(at, size);
    if (packets_ < keep_) kept_.back().insert(kept_.back().end(), part.begin(), part.end());
    at += size;
    if (size == 255) continue;
    inside_packet_ = false;
    if (!packet_ended()) return false;
    if (done_) break;  // media follows on this page, which counts as a header page
  }
  return true;
}

// False: the packet is not the one that the codec needs here.
bool OggHeaders::packet_ended() {
  ++packets_;
  const std::string_view expected = row_of(codec_).comments;
  if (packets_ == 2 && keep_ >= 2 && !begins_with(kept_[1], expected)) return false;
  if (header_packets_ != 0) {
    done_ = packets_ >= header_packets_;
  } else if (codec_ == OggCodec::kFlac && packets_ > 1) {
    done_ = (first_byte_ & kFlacLastBlock) != 0;
  }
  return true;
}

ByteSpan OggHeaders::packet(std::size_t index) const noexcept {
  return index < kept_.size() ? ByteSpan(kept_[index]) : ByteSpan();
}

ByteSpan OggHeaders::comments() const noexcept {
  constexpr unsigned kFlacCommentBlock = 4;
  const Row& row = row_of(codec_);
  const ByteSpan whole = packet(1);
  std::size_t skip = row.comments.size();
  if (codec_ == OggCodec::kFlac) {
    if (whole.empty() || (u8(whole, 0) & ~unsigned{kFlacLastBlock}) != kFlacCommentBlock) return {};
    skip = kFlacBlockHead;
  }
  return row.has_comments && whole.size() > skip ? whole.subspan(skip) : ByteSpan();
}

std::string_view each_ogg_comment(
    ByteSpan comments,
    const std::function<bool(std::string_view name, std::string_view value)>& f) {
  const auto vendor = take_sized(comments, read_le);
  if (!vendor) return {};
  std::size_t left = comments.size() < 4 ? 0 : le32(comments, 0);
  if (left > 0) comments = comments.subspan(4);
  for (; left > 0; --left) {
    const auto comment = take_sized(comments, read_le);
    if (!comment) break;
    const std::string_view text = as_text(*comment);
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos && !f(text.substr(0, equals), text.substr(equals + 1)))
      break;
  }
  return as_text(*vendor);
}

OggTags read_ogg_tags(ByteSpan comments) {
  OggTags tags;
  tags.vendor = each_ogg_comment(comments, [&tags](std::string_view name, std::string_view value) {
    if (tags.artist.empty() && iequals(name, "artist")) tags.artist = value;
    if (tags.title.empty() && iequals(name, "title")) tags.title = value;
    return true;
  });
  return tags;
}

Metadata metadata_of(const OggTags& tags) {
  Metadata metadata;
  metadata.artist = clean(tags.artist);
  metadata.title = clean(tags.title);
  return metadata;
}

}  // namespace lb
