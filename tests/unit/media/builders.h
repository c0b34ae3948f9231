// Small media, made in code: Ogg pages and streams, MPEG and ADTS frames, EBML elements.
// Written apart from the product, from the specifications, so that the two check each other.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lb::test {

inline std::string le(std::uint64_t value, int size) {
  std::string out;
  for (int i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}
inline std::string be(std::uint64_t value, int size) {
  std::string out;
  for (int i = size; i-- > 0;) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}

inline std::string join(std::initializer_list<std::string> parts) {
  std::string all;
  for (const auto& part : parts) all += part;
  return all;
}

// ---- Ogg ----

constexpr unsigned kContinued = 1, kBos = 2, kEos = 4;
constexpr std::uint64_t kNoGranule = ~std::uint64_t{0};

// CRC-32, polynomial 0x04c11db7, no reflection (RFC 3533), bit by bit.
inline std::uint32_t ogg_crc(std::string_view bytes) {
  std::uint32_t crc = 0;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint32_t>(static_cast<unsigned char>(c)) << 24;
    for (int bit = 0; bit < 8; ++bit) crc = crc << 1 ^ (crc >> 31 != 0 ? 0x04c11db7u : 0u);
  }
  return crc;
}

inline std::string lacing_of(std::string_view packet) {
  return std::string(packet.size() / 255, '\xff') + static_cast<char>(packet.size() % 255);
}

inline std::string raw_page(unsigned flags, std::uint64_t granule, std::uint32_t serial,
                            std::uint32_t sequence, std::string_view lacing,
                            std::string_view body) {
  std::string page = "OggS" + le(0, 1) + le(flags, 1) + le(granule, 8) + le(serial, 4) +
                     le(sequence, 4) + le(0, 4) + le(lacing.size(), 1);
  page += lacing;
  page += body;
  return page.replace(22, 4, le(ogg_crc(page), 4));
}

// Writes the pages of one logical stream.  Each call numbers the next page, so several of them in
// one expression go through join(), whose braces are evaluated in order; those of + are not.
class OggWriter {
 public:
  explicit OggWriter(std::uint32_t serial) : serial_(serial) {}

  std::string page(const std::vector<std::string>& packets, std::uint64_t granule,
                   unsigned flags = 0) {
    std::string lacing, body;
    for (const auto& packet : packets) {
      lacing += lacing_of(packet);
      body += packet;
    }
    return raw(flags, granule, lacing, body);
  }
  std::string raw(unsigned flags, std::uint64_t granule, std::string_view lacing,
                  std::string_view body) {
    return raw_page(flags, granule, serial_, sequence_++, lacing, body);
  }
  void skip_a_page() { ++sequence_; }
  std::uint32_t serial() const { return serial_; }

 private:
  std::uint32_t serial_;
  std::uint32_t sequence_ = 0;
};

inline std::string comments(std::initializer_list<std::string> list,
                            std::string_view vendor = "test") {
  std::string out = le(vendor.size(), 4) + std::string(vendor) + le(list.size(), 4);
  for (const auto& comment : list) out += le(comment.size(), 4) + comment;
  return out;
}

inline std::string vorbis_head(unsigned channels = 2, unsigned hertz = 44100,
                               std::uint32_t nominal = 128000) {
  return std::string("\x01vorbis") + le(0, 4) + le(channels, 1) + le(hertz, 4) + le(0, 4) +
         le(nominal, 4) + le(0, 4) + "\xb8\x01";
}
inline std::string vorbis_comments(std::initializer_list<std::string> list) {
  return "\x03vorbis" + comments(list) + "\x01";
}
inline std::string vorbis_setup(std::size_t size = 600) {
  return "\x05vorbis" + std::string(size, 's');
}
inline std::string opus_head(unsigned channels = 2) {
  return "OpusHead" + le(1, 1) + le(channels, 1) + le(312, 2) + le(48000, 4) + le(0, 3);
}
inline std::string opus_tags(std::initializer_list<std::string> list) {
  return "OpusTags" + comments(list);
}
inline std::string flac_head(unsigned header_packets) {
  return std::string("\x7f") + "FLAC" + le(1, 1) + le(0, 1) + be(header_packets, 2) + "fLaC" +
         be(34, 4) + std::string(34, 'i');
}
inline std::string flac_block(unsigned type, bool last, std::string_view content) {
  return le(type | (last ? 0x80u : 0u), 1) + be(content.size(), 3) + std::string(content);
}
inline std::string speex_head(unsigned extra_headers = 0) {
  return "Speex   " + std::string(60, '\0') + le(extra_headers, 4) + std::string(8, '\0');
}
inline std::string theora_head(unsigned width = 320, unsigned height = 240) {
  return "\x80theora" + be(0x030201, 3) + be((width + 15) / 16, 2) + be((height + 15) / 16, 2) +
         be(width, 3) + be(height, 3) + be(0, 2) + be(30000, 4) + be(1001, 4) + be(1, 3) +
         be(1, 3) + be(0, 1) + be(200000, 3) + be(48u << 10 | 6u << 5, 2);
}
inline std::string theora_comments(std::initializer_list<std::string> list) {
  return "\x81theora" + comments(list);
}
inline std::string theora_setup() { return "\x82theora" + std::string(700, 't'); }
inline std::string theora_key(std::size_t size = 300) { return "\x20" + std::string(size, 'k'); }
inline std::string theora_delta(std::size_t size = 200) { return "\x60" + std::string(size, 'd'); }

// The header pages of one stream alone.
inline std::string vorbis_headers(OggWriter& w, std::initializer_list<std::string> list = {}) {
  std::string out = w.page({vorbis_head()}, 0, kBos);
  return out + w.page({vorbis_comments(list), vorbis_setup()}, 0);
}
inline std::string opus_headers(OggWriter& w, std::initializer_list<std::string> list = {}) {
  std::string out = w.page({opus_head()}, 0, kBos);
  return out + w.page({opus_tags(list)}, 0);
}

// ---- MPEG ----

// MPEG 1 layer III, 44.1 kHz: a frame of 417 bytes (418 with padding) at 128 kbit/s.
inline std::string mp3_frame(bool padding = false, char fill = 'm', unsigned bit_rate_index = 9) {
  static constexpr unsigned kKbits[] = {0,   32,  40,  48,  56,  64,  80, 96,
                                        112, 128, 160, 192, 224, 256, 320};
  const std::size_t size = 144000 * kKbits[bit_rate_index] / 44100 + (padding ? 1 : 0);
  return std::string("\xff\xfb") + le(bit_rate_index << 4 | (padding ? 2u : 0u), 1) + le(0, 1) +
         std::string(size - 4, fill);
}
// AAC in ADTS: MPEG-4, LC, 44.1 kHz, stereo, no checksum.
inline std::string adts_frame(std::size_t size, char fill = 'a', unsigned rate_index = 4) {
  const auto length = static_cast<std::uint64_t>(size);
  const std::uint64_t head = std::uint64_t{0xfff1} << 40 | std::uint64_t{1} << 38 |
                             std::uint64_t{rate_index} << 34 | std::uint64_t{2} << 30 |
                             length << 13 | std::uint64_t{0x7ff} << 2;
  return be(head, 7) + std::string(size - 7, fill);
}
inline std::string id3v2(std::size_t content) {
  std::string size;
  for (int shift = 21; shift >= 0; shift -= 7) size += static_cast<char>(content >> shift & 0x7f);
  return std::string("ID3\x04") + le(0, 2) + size + std::string(content, 'i');
}

// ---- EBML ----

inline std::string ebml_size(std::uint64_t size) { return be(std::uint64_t{1} << 56 | size, 8); }
inline std::string element(std::uint32_t id, std::string_view content) {
  const int id_length = id > 0xffffff ? 4 : id > 0xffff ? 3 : id > 0xff ? 2 : 1;
  return be(id, id_length) + ebml_size(content.size()) + std::string(content);
}
inline std::string unknown_size(std::uint32_t id) { return be(id, 4) + "\xff"; }

inline std::string webm_head(std::size_t tracks = 100) {
  return element(0x1a45dfa3, "webm") + unknown_size(0x18538067) + element(0x1549a966, "info") +
         element(0x1654ae6b, std::string(tracks, 't'));
}
inline std::string webm_cluster_content(std::size_t blocks, std::size_t block_size = 200) {
  std::string out = element(0xe7, be(1, 2));
  for (std::size_t i = 0; i < blocks; ++i) out += element(0xa3, std::string(block_size, 'b'));
  return out;
}
inline std::string live_cluster(std::size_t blocks, std::size_t block_size = 200) {
  return unknown_size(0x1f43b675) + webm_cluster_content(blocks, block_size);
}
inline std::string file_cluster(std::size_t blocks, std::size_t block_size = 200) {
  return element(0x1f43b675, webm_cluster_content(blocks, block_size));
}

}  // namespace lb::test
