#include "http/body.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "base/strings.h"

namespace lb {
namespace {

constexpr std::uint64_t kMaxChunk = std::uint64_t{1} << 31;
constexpr unsigned kMaxSizeDigits = 16;
constexpr std::size_t kMaxSideBytes = 4096;

Error bad_chunk(std::string what) { return Error::invalid("chunked body: " + std::move(what)); }

}  // namespace

Result<BodyReader> BodyReader::for_request(const Request& request, bool stream) {
  BodyReader reader;
  const std::string* length = nullptr;
  const std::string* coding = nullptr;
  for (const auto& [name, value] : request.headers.all()) {
    if (name == "content-length") {
      if (length != nullptr && *length != value) {
        return Error::invalid("Content-Length: two different values");
      }
      length = &value;
    } else if (name == "transfer-encoding") {
      // Of RFC 2616: no coding. Encoders send it to keep their client from chunks. No
      // connection with this header is kept, so no proxy can take its bytes for another request.
      if (stream && iequals(value, "identity")) continue;
      if (coding != nullptr) return Error::invalid("Transfer-Encoding: sent twice");
      coding = &value;
    }
  }
  if (request.protocol == Protocol::kIcy) return reader;  // Shoutcast v1 has no framing
  if (length != nullptr && coding != nullptr) {
    return Error::invalid("Content-Length and Transfer-Encoding in one request");
  }
  if (coding != nullptr) {
    if (!iequals(*coding, "chunked")) {
      return Error::unsupported("Transfer-Encoding: only \"chunked\" is known");
    }
    reader.framing_ = Framing::kChunked;
    reader.state_ = State::kSize;
    return reader;
  }
  // SOURCE is not in RFC 9110, and Icecast ignores its length: encoders that must send one send 0,
  // -1 or a number that a stream of days exceeds.
  // Go's client sends 0 with a PUT whose audio it writes to the connection afterwards.
  if (stream && (length == nullptr || request.method == Method::kSource ||
                 (request.method == Method::kPut && *length == "0")))
    return reader;
  if (length != nullptr) {
    const auto bytes = parse_u64(*length);
    if (!bytes || *bytes > std::numeric_limits<std::int64_t>::max()) {
      return Error::invalid("Content-Length: not a number of bytes");
    }
    reader.left_ = *bytes;
  }
  reader.framing_ = Framing::kLength;
  if (reader.left_ == 0) reader.state_ = State::kEnd;
  return reader;
}

Result<BodyReader> BodyReader::for_response(const Headers& headers, bool until_close) {
  BodyReader reader;
  if (const std::string* coding = headers.find("transfer-encoding")) {
    if (iequals(*coding, "identity")) return reader;
    if (!iequals(*coding, "chunked"))
      return Error::unsupported("Transfer-Encoding: only \"chunked\" is known");
    reader.framing_ = Framing::kChunked;
    reader.state_ = State::kSize;
    return reader;
  }
  const auto length = parse_u64(headers.get("content-length"));
  if (until_close || !length) return reader;
  reader.framing_ = Framing::kLength;
  reader.left_ = *length;
  if (reader.left_ == 0) reader.state_ = State::kEnd;
  return reader;
}

Result<BodyReader::Taken> BodyReader::take(std::span<std::byte> data) {
  if (state_ == State::kEnd) {
    if (!data.empty()) return Error::invalid("request body: bytes after its end");
    return Taken{0, 0, true};
  }
  if (framing_ == Framing::kUntilClose) return Taken{data.size(), data.size(), false};
  if (framing_ == Framing::kLength) {
    const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(left_, data.size()));
    left_ -= bytes;
    if (left_ == 0) state_ = State::kEnd;
    return Taken{bytes, bytes, ended()};
  }
  return take_chunked(data);
}

Result<BodyReader::Taken> BodyReader::take_chunked(std::span<std::byte> data) {
  std::size_t read = 0, kept = 0;
  while (read < data.size() && state_ != State::kEnd) {
    if (state_ == State::kData) {
      const auto bytes =
          static_cast<std::size_t>(std::min<std::uint64_t>(left_, data.size() - read));
      std::memmove(data.data() + kept, data.data() + read, bytes);
      kept += bytes;
      read += bytes;
      left_ -= bytes;
      if (left_ == 0) state_ = State::kDataCr;
      continue;
    }
    const auto fault = framing_byte(static_cast<char>(data[read++]));
    if (!fault) return fault.error();
  }
  return Taken{kept, read, ended()};
}

Result<void> BodyReader::framing_byte(char c) {
  switch (state_) {
    case State::kSize: {
      const int digit = hex_value(c);
      if (digit >= 0) {
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        if (++digits_ > kMaxSizeDigits || left_ > kMaxChunk)
          return bad_chunk("a size above 2147483648 bytes");
        return {};
      }
      if (digits_ == 0) return bad_chunk("a size line that does not begin with hexadecimal digits");
      if (c == '\r') {
        state_ = State::kSizeLf;
      } else if (c == ';') {
        state_ = State::kExtension;
      } else {
        return bad_chunk("a size that is followed by neither CR LF nor an extension");
      }
      return {};
    }
    case State::kExtension:
      if (++side_bytes_ > kMaxSideBytes) return bad_chunk("an extension of more than 4096 bytes");
      if (c == '\n' || c == '\0') return bad_chunk("an extension with a bare LF or a NUL");
      if (c == '\r') state_ = State::kSizeLf;
      return {};
    case State::kSizeLf:
      if (c != '\n') return bad_chunk("a size line that ends with CR without LF");
      state_ = left_ == 0 ? State::kTrailer : State::kData;
      side_bytes_ = 0;
      trailer_line_empty_ = true;
      return {};
    case State::kDataCr:
      if (c != '\r') return bad_chunk("more data than its size");
      state_ = State::kDataLf;
      return {};
    case State::kDataLf:
      if (c != '\n') return bad_chunk("data that ends with CR without LF");
      state_ = State::kSize;
      digits_ = 0;
      return {};
    case State::kTrailer:
      if (c == '\r') {
        state_ = State::kTrailerLf;
        return {};
      }
      if (++side_bytes_ > kMaxSideBytes) return bad_chunk("trailers of more than 4096 bytes");
      if (c == '\n' || c == '\0') return bad_chunk("a trailer with a bare LF or a NUL");
      trailer_line_empty_ = false;
      return {};
    case State::kTrailerLf:
      if (c != '\n') return bad_chunk("a trailer that ends with CR without LF");
      state_ = trailer_line_empty_ ? State::kEnd : State::kTrailer;
      trailer_line_empty_ = true;
      return {};
    case State::kData:
    case State::kEnd:
      break;
  }
  return {};
}

}  // namespace lb
