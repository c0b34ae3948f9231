// ReplySource: a body that is made while it is sent: bytes, parts of files, and waits for another
// thread that fetches data.  ReplyRun: a piece of an answer that is there already.
//
// Thread: the worker of its connection.
// Ownership: the connection, until the answer is out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace lb {

// One piece of an answer: bytes of its own, or a range of a file.
struct ReplyRun {
  std::string text;
  std::shared_ptr<const void> owner;  // keeps the file open and its range unchanged
  int fd = -1;                        // -1: the text
  std::uint64_t at = 0, bytes = 0;    // of the remaining bytes

  static ReplyRun of_text(std::string text);
  static ReplyRun of_file(std::shared_ptr<const void> owner, int fd, std::uint64_t at,
                          std::uint64_t bytes);
};

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

// MadeSource: a ReplySource in memory that can make all its bytes at any time, so that a hand-over
// takes the rest of the answer.
class MadeSource : public ReplySource {
 public:
  // The number of bytes that next() has yet to give; until it is 0, next() gives Kind::kBytes.
  virtual std::uint64_t left() const noexcept = 0;
};

}  // namespace lb
