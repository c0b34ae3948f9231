// ReplySource: a body that is made while it is sent: bytes, parts of files, and pauses in which
// another thread fetches what is not in memory.
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
    // kWait: Connection::source_ready() follows.  kBroken: what was promised is gone.
    enum class Kind : std::uint8_t { kBytes, kFile, kWait, kEnd, kBroken };
    Kind kind = Kind::kEnd;
    std::string bytes;
    int fd = -1;  // open until the next call
    std::uint64_t offset = 0, length = 0;
  };
  virtual ~ReplySource() = default;
  // REQUIRES: the last piece has been sent whole, or was kWait.
  virtual Piece next() = 0;
  // The lines of a request for what follows so many bytes of it; "": there is no such request.
  virtual std::string rest_lines(std::uint64_t /*sent*/) const { return {}; }
};

}  // namespace lb
