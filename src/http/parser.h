// RequestParser: bytes of a connection → one request head, incrementally.
// ShoutcastParser: the Shoutcast v1 login (password line, then icy-* lines) → the same Request.
// Sources: RFC 9112 with Icecast's tolerance (compat.md 1.1, users.md 3.1): bare LF line ends,
// "\r\r\n\r\r\n", ICE/1.0, raw spaces in the target (everything between the first and the last
// space), absent Host.  Strict where it matters (reliability.md "HTTP strictness").
//
// Thread: one owner.  Pure: no fd, no clock.  Any split of the same bytes gives the same result.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "http/message.h"

namespace lb {

struct ParseLimits {
  std::size_t head_bytes = 16384;
  std::size_t line_bytes = 8192;
  std::size_t target_bytes = 4096;
  std::size_t headers = 128;
};

enum class ParseStatus : std::uint8_t {
  kMore,    // not complete
  kDone,    // request() is complete
  kRefuse,  // answer with status() and text(), then close
  kDrop,    // close without a byte, as Icecast does (unknown method, bad path …)
};

class RequestParser {
 public:
  explicit RequestParser(ParseLimits limits = {}) : limits_(limits) {}
  // Takes bytes up to the end of the head and returns how many; the rest belongs to the body.
  std::size_t feed(std::string_view bytes);
  ParseStatus status() const noexcept { return status_; }
  Request& request() noexcept { return request_; }
  int refuse_status() const noexcept { return refuse_status_; }       // 400, 414, 431, 505
  std::string_view refuse_text() const noexcept { return refuse_text_; }
  bool started() const noexcept { return !head_.empty(); }

 private:
  ParseLimits limits_;
  ParseStatus status_ = ParseStatus::kMore;
  Request request_;
  std::string head_;
  int refuse_status_ = 0;
  std::string_view refuse_text_;
};

class ShoutcastParser {
 public:
  explicit ShoutcastParser(ParseLimits limits = {}) : limits_(limits) {}
  std::size_t feed(std::string_view bytes);
  // The password line is complete: the server checks it and answers "OK2\r\nicy-caps:11\r\n\r\n"
  // before the client sends its headers (a client may send both at once).
  bool password_known() const noexcept { return password_known_; }
  ParseStatus status() const noexcept { return status_; }
  Request& request() noexcept { return request_; }  // method kSource, protocol kIcy, password set

 private:
  ParseLimits limits_;
  ParseStatus status_ = ParseStatus::kMore;
  Request request_;
  std::string head_;
  bool password_known_ = false;
};

// Decodes a path once and checks it: must begin with '/', no "//", no "/." that leaves the root,
// no "..", no NUL or control byte, no backslash, valid for use as a mount or file name.
// nullopt: drop the connection (decisions B2, B6).
std::optional<std::string> decode_path(std::string_view raw);

}  // namespace lb
