// ResponseParser: bytes of an upstream → the head of its answer, incrementally.
//
// Source: RFC 9112 with the tolerance that streaming servers need: HTTP/1.0, 1.1 and "ICY 200 OK",
// bare LF line ends, a missing reason phrase.  An invalid header line (no colon, a folded line, a
// name with a space) is ignored, because SHOUTcast's notices are full of them, and the head is not
// passed on.
// The other side may be hostile: the head is limited, and its values have no control characters.
// Thread: one owner.  Pure: no fd, no clock.  Any split of the same bytes gives the same result.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace lb {

struct Response {
  int status = 0;
  int version_minor = 0;  // HTTP/1.x
  bool icy = false;       // "ICY 200 OK"
  std::string reason;
  Headers headers;
};

class ResponseParser {
 public:
  static constexpr std::size_t kHeadBytes = 16384;
  static constexpr std::size_t kHeaders = 128;

  // Takes bytes up to the end of the head and returns their number; the rest is body.
  std::size_t feed(std::string_view bytes);
  bool done() const noexcept { return done_; }
  // Set if this is not an HTTP answer, or its head is too long.
  const std::optional<Error>& fault() const noexcept { return fault_; }
  Response& response() noexcept { return response_; }

 private:
  void take_line(std::string_view line);
  void take_status_line(std::string_view line);
  void take_header(std::string_view line);

  Response response_;
  std::string line_;  // an incomplete line
  std::size_t head_bytes_ = 0;
  bool status_line_done_ = false;
  bool done_ = false;
  std::optional<Error> fault_;
};

// The target of a redirect.
struct HttpUrl {
  bool tls = false;
  std::string host;  // as written; brackets of IPv6 removed
  std::uint16_t port = 80;
  std::string target = "/";  // path and query, fit for a request line

  bool operator==(const HttpUrl&) const = default;
};
// `text` is an http or https URL (the scheme in any case), or a path relative to `base`.  Its user
// and password are ignored.
// Errors: another scheme, no host, a port out of range, a text of
// more than 4096 bytes.
Result<HttpUrl> parse_http_url(std::string_view text, const HttpUrl& base);

}  // namespace lb
