#include "media/ogg_page.h"

#include <ogg/ogg.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

namespace lb {
namespace {

constexpr std::string_view kCapture{"OggS\0", 5};  // with version 0, the only one
constexpr std::size_t kChecksumAt = 22;
constexpr std::uint32_t kPolynomial = 0x04c11db7;  // RFC 3533, 6

struct Probe {
  enum class Kind : std::uint8_t { kNoPage, kNeedsMore, kWholePage };
  Kind kind;
  std::size_t size;  // of the page; kNeedsMore: the bytes needed to decide
};

std::size_t sum(ByteSpan lacing) {
  return std::accumulate(lacing.begin(), lacing.end(), std::size_t{0},
                         [](std::size_t s, auto b) { return s + std::to_integer<std::size_t>(b); });
}

Probe probe(ByteSpan bytes) {
  using enum Probe::Kind;
  if (!may_begin_with(bytes.first(std::min(bytes.size(), kCapture.size())), kCapture))
    return {kNoPage, 0};
  if (bytes.size() < kOggHeaderSize) return {kNeedsMore, kOggHeaderSize};
  const std::size_t header = kOggHeaderSize + u8(bytes, kOggHeaderSize - 1);
  if (bytes.size() < header) return {kNeedsMore, header};
  const std::size_t size = header + sum(bytes.subspan(kOggHeaderSize, header - kOggHeaderSize));
  return {bytes.size() < size ? kNeedsMore : kWholePage, size};
}

OggPage page_of(ByteSpan bytes) {
  const std::size_t header = kOggHeaderSize + u8(bytes, kOggHeaderSize - 1);
  return {bytes.first(header), bytes.subspan(header)};
}

// libogg's pointers are not const.  It writes only the checksum into the header, a copy, and reads
// the body.
void set_checksum(std::span<std::byte> header, ByteSpan body) {
  ogg_page page{};
  page.header = reinterpret_cast<unsigned char*>(header.data());
  page.header_len = static_cast<long>(header.size());
  page.body = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(body.data()));
  page.body_len = static_cast<long>(body.size());
  ogg_page_checksum_set(&page);
}

bool checksum_is_right(const OggPage& page) {
  std::array<std::byte, kOggHeaderSize + 255> copy;
  const std::span header(copy.data(), page.header.size());
  std::copy(page.header.begin(), page.header.end(), header.begin());
  set_checksum(header, page.body);
  return std::memcmp(header.data() + kChecksumAt, page.header.data() + kChecksumAt, 4) == 0;
}

// The next possible start of a page, from `from` on.
std::size_t next_capture(ByteSpan bytes, std::size_t from) {
  const std::size_t found = as_text(bytes).find('O', from);
  return found == std::string_view::npos ? bytes.size() : found;
}

// The product of two polynomials, modulo that of the checksum.
std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
  std::uint32_t product = 0;
  for (; b != 0; b >>= 1) {
    if ((b & 1) != 0) product ^= a;
    a = a << 1 ^ (a >> 31 != 0 ? kPolynomial : 0);
  }
  return product;
}

// The factor by which this number of zero bytes changes a checksum.
std::uint32_t shift_by(std::size_t bytes) {
  std::uint32_t factor = 1;
  for (std::uint32_t power = 1u << 8; bytes != 0; bytes >>= 1) {
    if ((bytes & 1) != 0) factor = multiply(factor, power);
    power = multiply(power, power);
  }
  return factor;
}

std::uint32_t checksum(ByteSpan bytes) {
  std::uint32_t crc = 0;
  for (const std::byte byte : bytes) {
    crc ^= std::to_integer<std::uint32_t>(byte) << 24;
    for (int bit = 0; bit < 8; ++bit) crc = crc << 1 ^ (crc >> 31 != 0 ? kPolynomial : 0);
  }
  return crc;
}

void set_le(std::span<std::byte> where, std::uint64_t value) {
  for (std::byte& byte : where) {
    byte = std::byte(value & 0xff);
    value >>= 8;
  }
}

void put_le(std::vector<std::byte>& out, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i, value >>= 8) out.push_back(std::byte(value & 0xff));
}

}  // namespace

void OggPageScanner::feed(ByteSpan bytes, OggPageSink& sink) {
  while (!bytes.empty()) {
    if (held_.empty()) {
      const std::size_t used = scan(bytes, sink);
      held_.assign(bytes.begin() + static_cast<std::ptrdiff_t>(used), bytes.end());
      bytes = {};
    } else {
      // Only the bytes missing from the present page are copied; later pages are read in place.
      const std::size_t n = std::min(wanted_ - held_.size(), bytes.size());
      held_.reserve(wanted_);
      held_.insert(held_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
      bytes = bytes.subspan(n);
      if (held_.size() < wanted_) return;
      const std::size_t used = scan(held_, sink);
      held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(used));
    }
    // Junk shows in its first wrong byte; a page needs its lacing table, then its body.
    wanted_ = held_.size() < kCapture.size() ? held_.size() + 1 : probe(held_).size;
  }
}

// Returns the number of bytes given to the sink; the rest may begin a page.
std::size_t OggPageScanner::scan(ByteSpan bytes, OggPageSink& sink) {
  std::size_t at = 0;
  std::size_t junk = 0;  // where the bytes that are between pages begin
  const auto flush = [&] {
    if (junk < at) sink.between(bytes.subspan(junk, at - junk));
    junk = at;
  };
  while (at < bytes.size()) {
    const ByteSpan rest = bytes.subspan(at);
    const auto [kind, size] = probe(rest);
    if (kind == Probe::Kind::kNeedsMore) break;
    std::size_t step = 0;
    if (kind == Probe::Kind::kNoPage) {
      in_sync_ = false;
      step = next_capture(rest, 1);
    } else if (const OggPage page = page_of(rest.first(size)); checksum_is_right(page)) {
      flush();
      in_sync_ = true;
      sink.page(position_, page);
      junk = at + size;
      step = size;
    } else {
      in_sync_ = false;
      step = reject(rest, size);
    }
    at += step;
    position_ += step;
  }
  flush();
  return at;
}

// A page may lie inside a false one, so the search continues after the first byte.  But then each
// 27 bytes of a forged stream could cost a checksum over 64 KiB, so a stream whose rejected pages
// far exceed its bytes is skipped a page at a time.
std::size_t OggPageScanner::reject(ByteSpan bytes, std::size_t page_size) {
  constexpr std::uint64_t kFree = 1 << 20;
  constexpr std::uint64_t kPerByte = 4;
  rejected_ += page_size;
  seen_ = std::max(seen_, position_ + page_size);
  const bool too_dear = rejected_ > kFree + kPerByte * (position_ - begin_);
  return next_capture(bytes, too_dear ? page_size : 1);
}

void append_ogg_page(std::vector<std::byte>& out, const OggPageFields& fields, ByteSpan lacing,
                     ByteSpan body) {
  const std::size_t start = out.size();
  const ByteSpan capture = as_byte_span(kCapture);
  out.insert(out.end(), capture.begin(), capture.end());
  put_le(out, fields.flags, 1);
  put_le(out, fields.granule, 8);
  put_le(out, fields.serial, 4);
  put_le(out, fields.sequence, 4);
  put_le(out, 0, 4);
  put_le(out, lacing.size(), 1);
  out.insert(out.end(), lacing.begin(), lacing.end());
  set_checksum(std::span(out).subspan(start), body);
  out.insert(out.end(), body.begin(), body.end());
}

void patch_ogg_header(std::span<std::byte> header, std::size_t body_size,
                      const OggPageFields& fields) {
  constexpr std::size_t kFieldsAt = 5;
  std::array<std::byte, kChecksumAt> before;
  std::copy_n(header.begin(), before.size(), before.begin());
  set_le(header.subspan(kFieldsAt, 1), fields.flags);
  set_le(header.subspan(6, 8), fields.granule);
  set_le(header.subspan(14, 4), fields.serial);
  set_le(header.subspan(18, 4), fields.sequence);
  std::array<std::byte, kChecksumAt> change;
  for (std::size_t i = 0; i < change.size(); ++i) change[i] = before[i] ^ header[i];
  const std::size_t behind = header.size() - change.size() + body_size;
  const std::uint32_t difference = multiply(checksum(change), shift_by(behind));
  set_le(header.subspan(kChecksumAt, 4), le32(header, kChecksumAt) ^ difference);
}

std::uint32_t append_ogg_packets(std::vector<std::byte>& out, OggPageFields fields,
                                 std::span<const ByteSpan> packets) {
  std::vector<std::byte> lacing, body;
  const std::uint64_t granule = fields.granule;
  fields.granule = kOggNoGranule;
  const auto flush = [&](bool inside_packet) {
    append_ogg_page(out, fields, lacing, body);
    ++fields.sequence;
    fields.flags = inside_packet ? kOggContinued : 0;
    fields.granule = kOggNoGranule;
    lacing.clear();
    body.clear();
  };
  for (ByteSpan packet : packets) {
    for (bool ended = false; !ended;) {
      if (lacing.size() == 255) flush(lacing.back() == std::byte{255});
      const std::size_t n = std::min<std::size_t>(packet.size(), 255);
      ended = n < 255;
      lacing.push_back(std::byte(n));
      body.insert(body.end(), packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(n));
      packet = packet.subspan(n);
      if (ended) fields.granule = granule;
    }
  }
  if (!lacing.empty()) flush(false);
  return fields.sequence;
}

}  // namespace lb
