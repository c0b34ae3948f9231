// BodyReader: removes the framing of a request body in place: by length, chunked, until close.
// Source: RFC 9112 section 7; strict, because a lenient chunk parser allows request smuggling
// ("chunked_put_malformed": bad sizes, extensions over 4 KiB, missing CRLF, "0x5", "5 ", signs,
// bare LF, sizes over 16 hex digits or above 2^31, bytes after the last chunk).
// Thread: one owner.  Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/record.h"
#include "base/result.h"
#include "http/message.h"

namespace lb {

class BodyReader {
 public:
  enum class Framing : std::uint8_t { kUntilClose, kLength, kChunked };

  // Reads Content-Length and Transfer-Encoding.
  // Errors: both present, unknown coding, a length that is not plain digits or over 2^63-1,
  // differing duplicates.  `stream`: a source without either, or SOURCE with any length, streams
  // until close; otherwise no framing means an empty body.
  static Result<BodyReader> for_request(const Request& request, bool stream);

  // For an answer.  Chunked wins over a length, and an invalid length is ignored.  `until_close`:
  // an endless stream, whose length is ignored (some servers send one for players).  Error: an
  // unknown coding.
  static Result<BodyReader> for_response(const Headers& headers, bool until_close);

  struct Taken {
    std::size_t bytes = 0;  // payload, moved to the front of data
    std::size_t used = 0;   // bytes of data that belong to the body, with framing
    bool ended = false;     // the body is complete; data from `used` on is not part of it
  };
  // After an error or the end, more bytes are an error: check ended() before the next call.
  Result<Taken> take(std::span<std::byte> data);

  Framing framing() const noexcept { return framing_; }
  bool ended() const noexcept { return state_ == State::kEnd; }

  template <class Io, RecordOf<BodyReader> T>
  friend void record_fields(Io& io, T& body) {
    io.choice(1, body.framing_, Framing::kChunked);
    io.choice(2, body.state_, State::kEnd);
    io(3, body.left_, body.digits_, body.side_bytes_, body.trailer_line_empty_);
  }

 private:
  Result<Taken> take_chunked(std::span<std::byte> data);
  Result<void> framing_byte(char c);

  enum class State : std::uint8_t {
    kData,
    kSize,
    kExtension,
    kSizeLf,
    kDataCr,
    kDataLf,
    kTrailer,
    kTrailerLf,
    kEnd
  };
  Framing framing_ = Framing::kUntilClose;
  State state_ = State::kData;
  std::uint64_t left_ = 0;
  unsigned digits_ = 0;
  std::size_t side_bytes_ = 0;  // of this chunk's extension, or of the trailers
  bool trailer_line_empty_ = true;
};

}  // namespace lb
