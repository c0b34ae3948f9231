// The Range header of a request, applied to a body of known size.
// Source: RFC 9110 section 14.
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lb {

struct ByteRange {
  enum class Kind : std::uint8_t { kWhole, kPart, kBad };
  Kind kind = Kind::kWhole;
  std::uint64_t first = 0, length = 0;  // of kPart

  std::uint64_t last() const noexcept { return first + length - 1; }  // REQUIRES: length > 0
};

// text: the header's value, "" without one.  "bytes=a-b", "bytes=a-", "bytes=-n".  Several ranges
// would need a multipart reply, which no player requests; RFC 9110 allows the whole body instead.
ByteRange parse_byte_range(std::string_view text, std::uint64_t size);

// The "Accept-Ranges" and "Content-Range" lines of an answer with that range.
std::string range_lines(const ByteRange& range, std::uint64_t size);

}  // namespace lb
