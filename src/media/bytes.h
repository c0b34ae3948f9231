// Numbers and text out of raw bytes, for the parsers of this floor.
// Thread: pure functions.  REQUIRES of all readers but take_sized(): the bytes are there;
// callers check the length.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace lb {

using ByteSpan = std::span<const std::byte>;

inline unsigned u8(ByteSpan bytes, std::size_t at) { return std::to_integer<unsigned>(bytes[at]); }

// `size` bytes from `at`, lowest first; at most 8.
inline std::uint64_t read_le(ByteSpan bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8 | u8(bytes, at + i);
  return value;
}

// `size` bytes from `at`, highest first; at most 8.
inline std::uint64_t read_be(ByteSpan bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | u8(bytes, at + i);
  return value;
}

inline std::uint32_t le32(ByteSpan bytes, std::size_t at) {
  return static_cast<std::uint32_t>(read_le(bytes, at, 4));
}

// A size of ID3v2: seven bits in each of four bytes.
inline std::size_t syncsafe(ByteSpan bytes, std::size_t at) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 7 | (u8(bytes, at + i) & 0x7f);
  return value;
}

// Takes a length of four bytes, by read_le() or read_be(), and that many bytes from the front;
// nullopt: some are missing.
inline std::optional<ByteSpan> take_sized(ByteSpan& rest, decltype(read_le)& read) {
  if (rest.size() < 4) return std::nullopt;
  const auto size = static_cast<std::size_t>(read(rest, 0, 4));
  if (rest.size() - 4 < size) return std::nullopt;
  const ByteSpan taken = rest.subspan(4, size);
  rest = rest.subspan(4 + size);
  return taken;
}

inline std::string_view as_text(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline ByteSpan as_byte_span(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
inline bool begins_with(ByteSpan bytes, std::string_view start) {
  return as_text(bytes).starts_with(start);
}
// Whether `bytes` can become `start` with more bytes: one of the two begins with the other.
inline bool may_begin_with(ByteSpan bytes, std::string_view start) {
  const std::string_view text = as_text(bytes);
  return text.starts_with(start.substr(0, text.size()));
}

// Gives all bytes to scan(), which returns how many it passed; the rest is held and given again
// with more.  Without held bytes they are given as they come, otherwise appended in pieces of
// `piece` bytes.
template <class Scan>
void scan_with_held(std::vector<std::byte>& held, ByteSpan bytes, std::size_t piece, Scan&& scan) {
  while (!bytes.empty()) {
    if (held.empty()) {
      const std::size_t n = scan(bytes);
      bytes = bytes.subspan(n);
      if (n > 0) continue;
    }
    const ByteSpan next = bytes.first(std::min(piece, bytes.size()));
    held.insert(held.end(), next.begin(), next.end());
    bytes = bytes.subspan(next.size());
    held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(scan(ByteSpan(held))));
  }
}

}  // namespace lb
