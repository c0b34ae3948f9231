// Request, Headers, ResponseHead: one HTTP message each, as plain values.
// Source: RFC 9112; Icecast 2.4.4's replies.
// Thread: plain values, one owner.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/settings.h"

namespace lb {

// In the order received; names in lower case.  Of equal names find() returns the last (Icecast's
// rule), but the parser refuses ambiguous duplicates.
class Headers {
 public:
  void add(std::string name, std::string value);
  // nullptr when absent.  `name` in lower case.
  const std::string* find(std::string_view name) const noexcept;
  std::string_view get(std::string_view name, std::string_view otherwise = {}) const noexcept;
  const std::vector<std::pair<std::string, std::string>>& all() const noexcept { return rows_; }

 private:
  static constexpr std::size_t kUsual = 8;  // of a player's request
  std::vector<std::pair<std::string, std::string>> rows_;
};

enum class Method : std::uint8_t {
  kGet,
  kHead,
  kPost,
  kPut,
  kSource,
  kOptions,
  kStats,
  kPatch,   // of the API only
  kDelete,  // likewise
  kOther
};
struct MethodWord {
  std::string_view word;
  Method method;
};
inline constexpr MethodWord kMethodWords[] = {
    {"GET", Method::kGet},     {"HEAD", Method::kHead},     {"POST", Method::kPost},
    {"PUT", Method::kPut},     {"SOURCE", Method::kSource}, {"OPTIONS", Method::kOptions},
    {"STATS", Method::kStats}, {"PATCH", Method::kPatch},   {"DELETE", Method::kDelete}};
// "": kOther.
std::string_view method_word(Method method) noexcept;
enum class Protocol : std::uint8_t { kHttp, kIce, kIcy };  // kIcy: a Shoutcast v1 login

struct Request {
  Method method = Method::kOther;
  std::string method_text;  // in capitals
  Protocol protocol = Protocol::kHttp;
  int version_minor = 0;  // HTTP/1.x
  std::string target;     // as sent, with its query; query_was_cut() shortens it
  std::string sent;       // the original target, if it was changed; "": unchanged
  std::string path;       // decoded once, normalised; begins with '/'; "*" for OPTIONS *
  std::string query;      // raw, without '?'
  // Only the API understands it: by its method, or by a path with a fully encoded name
  // ("/api/v1/mounts/%2Flive"), which is then as sent.
  bool only_api = false;
  Headers headers;
  std::string password;  // Shoutcast v1: the first line

  // A stage has removed a parameter from `query`, which logs and backends must not see either.
  void query_was_cut();
  const std::string& target_as_sent() const noexcept { return sent.empty() ? target : sent; }
};

// The decoded value of a query (or form) parameter: %xx and '+'. nullopt if absent; the last one
// wins, as in Icecast.  One without '=' is ignored; one with %00 is nullopt, because it must not be
// truncated.
std::optional<std::string> query_param(std::string_view query, std::string_view name);
// Also true of a value that query_param() cannot read: a request for it is refused, not answered as
// if it had no such parameter.
bool has_query_param(std::string_view query, std::string_view name);

constexpr std::string_view kBasicChallenge = "Basic realm=\"Icecast2 Server\"";

struct ResponseHead {
  int status = 200;
  std::string_view reason;   // "": the usual one for the status, in Icecast's words
  std::string content_type;  // "": none
  std::optional<std::uint64_t> content_length;
  bool keep_alive = false;   // only OPTIONS *, libshout's probe (doc/decisions.md B1), and HLS
  bool http_1_1 = false;     // HLS: caches and players do not keep HTTP/1.0
  std::string cache;         // the value of Cache-Control; "": not cacheable
  std::string_view exposes;  // headers in `extra` that pages of other sites may read: "A, B"
  // Complete lines with CRLF, put after the <http-headers>: icy-*, Location, Content-Range …
  std::string extra;
  std::string_view challenge = kBasicChallenge;    // of a 401
  std::span<const HttpHeader> mount_http_headers;  // of the requested mount
};

// The parts of every reply of this server.
struct ReplyFacts {
  std::string_view server_id;
  WallTime now;
  std::span<const HttpHeader> http_headers;  // global
  bool cross_origin = false;                 // pages of other sites may read it
  std::string_view lines = {};               // more complete lines, behind `extra`
};

// Whether the path is below /api, existing or not: its errors are errors of the API.
bool is_below_api(const Request& request) noexcept;
// Whether it is a path of the API: /api/v1, or below it.
bool is_api_path(std::string_view path) noexcept;

// Whether the client uses HTTP/1.1 without asking to close, or is older and asks to keep.
bool client_keeps_alive(const Request& request) noexcept;

// Whether If-None-Match names this tag, so the client has the answer.
bool client_has(const Request& request, std::string_view tag) noexcept;

// The whole head with its empty line.  Order: status line, Server, Connection, Date, Content-Type,
// WWW-Authenticate (401), Cache-Control, Expires, Pragma, http-headers (filtered by status), CORS,
// extra, Content-Length.  HTTP/1.0, except for 206, 100 (doc/decisions.md B1) and a head with
// http_1_1.
std::string render_head(const ResponseHead& head, const ReplyFacts& facts);

// 404: "File Not Found", 401: "Authentication Required".
std::string_view reason_phrase(int status) noexcept;
std::string http_date(WallTime time);  // Fri, 20 Nov 2026 06:52:17 GMT
// nullopt: another form; RFC 9110 has two old ones.
std::optional<WallTime> parse_http_date(std::string_view text) noexcept;
// "<html><head><title>Error 404</title></head><body><b>404 - TEXT</b></body></html>\r\n", TEXT
// escaped.
std::string error_page(int status, std::string_view text);
std::string html_escape(std::string_view text);

}  // namespace lb
