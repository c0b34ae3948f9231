// ReplySource: a body that is made while it is sent: bytes, parts of files, and waits for another
// thread that fetches data.
//
// Thread: the worker of its connection.
// Ownership: the connection, until the answer is out.
#pragma once

#include <cstdint>
#include <string>

namespace lb {

class ReplySource {
 public:
  struct Piece {
    // kWait: Connection::source_ready() follows. kBroken: data of the body is gone.
    enum class Kind : std::uint8_t { kBytes, kFile, kWait, kEnd, kBroken };
    Kind kind = Kind::kEnd;
    std::string bytes;
    int fd = -1;  // open until the next call
    std::uint64_t offset = 0, length = 0;
  };
  virtual ~ReplySource() = default;
  // REQUIRES: the last piece has been sent, or was kWait.
  virtual Piece next() = 0;
  // The lines of a request for the rest after this many bytes; "": not possible.
  virtual std::string rest_lines(std::uint64_t /*sent*/) const { return {}; }
};

}  // namespace lb
