// RequestParser: bytes of a connection → one request head, incrementally.
// ShoutcastParser: the Shoutcast v1 login (password line, then icy-* lines) → the same Request.
// Source: RFC 9112 with Icecast's tolerance: bare LF line ends,
// "\r\r\n\r\r\n", ICE/1.0, raw spaces in the target (everything between the first and the last
// space), absent Host, method words in any case, header lines with an empty value (left out, as if
// never sent).  Strict where it matters.
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
  std::size_t line_bytes = head_bytes;
  std::size_t target_bytes = 8192;
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
  // Takes bytes up to the end of the head and returns their number; the rest is body.  Errors are
  // found at once, before the end of the head.
  std::size_t feed(std::string_view bytes);
  ParseStatus status() const noexcept { return status_; }
  Request& request() noexcept { return request_; }
  int refuse_status() const noexcept { return refuse_status_; }  // 400, 414, 431, 505
  std::string_view refuse_text() const noexcept { return refuse_text_; }
  bool started() const noexcept { return head_bytes_ != 0; }

 private:
  void take_line(std::string_view line);
  void take_request_line(std::string_view line);
  void take_unknown_method(std::string_view line);
  void take_version(std::string_view version);
  void take_header(std::string_view line);
  void take_end();
  void refuse_long_head();
  void refuse(int status, std::string_view text);
  void drop() noexcept { status_ = ParseStatus::kDrop; }

  ParseLimits limits_;
  ParseStatus status_ = ParseStatus::kMore;
  Request request_;
  std::string line_;            // an incomplete line
  std::size_t head_bytes_ = 0;  // taken so far
  std::size_t header_lines_ = 0;
  bool request_line_done_ = false;
  int refuse_status_ = 0;
  std::string_view refuse_text_;
};

// Lines that are not headers are ignored, as in Icecast: this dialect allows no smuggling.  Every
// error is kDrop, because such encoders read no reply.
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
  void take_line(std::string_view line);

  ParseLimits limits_;
  ParseStatus status_ = ParseStatus::kMore;
  Request request_;
  std::string line_;
  std::size_t head_bytes_ = 0;
  std::size_t header_lines_ = 0;
  bool password_known_ = false;
};

// Whether a decoded path is valid: it begins with '/', has no "//", no segment of dots only, no NUL
// or control byte, no backslash.  Bytes from 0x80 on are allowed.
bool is_clean_path(std::string_view path) noexcept;
// Whether the path is reserved for the host's owner: an authority gives a certificate to any answer
// there.
// Source: RFC 8615, RFC 8555 section 8.3.
bool is_well_known(std::string_view path) noexcept;
// Decodes a path once and checks it with is_clean_path(). nullopt: drop the connection
// (doc/decisions.md B2, B6), or 404 if only the last segment consists of dots.
std::optional<std::string> decode_path(std::string_view raw);

}  // namespace lb
