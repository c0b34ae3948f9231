// The access log line, byte-compatible with Icecast 2.4.4:
//   IP - USER [20/Nov/2026:06:52:24 +0000] "GET /a.mp3 HTTP/1.0" 200 98451 "REFERER|-" "AGENT|-"
//   SECONDS
// Bytes <= '"', '`', '\\' and >= 0x7f become '.' (Icecast lets DEL through); spaces survive in
// referer and agent only; a line is cut at 1023 bytes.  The path in the request is the one that was
// sent, not decoded, without its query (seen on 2.4.4: "GET /my%20x.mp3.m3u HTTP/1.0").
// With <accesslog-format> json, one object a line (RFC 8259) with the same facts: '-' of the text
// line is null, time is RFC 3339 in the local zone, bytes and seconds are numbers.  An address is
// '-' or null with <accesslog_ip>0.
// Thread: pure; log_access() from any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace lb {

class Log;
struct Request;

// "GET /a.mp3 HTTP/1.0": the path as sent, without its query; admin.cgi and Shoutcast logins end in
// "ICY/1.0".
std::string access_request(const Request& request);
void append_access_request(std::string& out, const Request& request);

struct AccessFacts {
  std::string_view ip;    // "": '-'
  std::string_view user;  // "": '-'
  // Icecast's line has the user of listeners, and of sources that a backend or a record lets in;
  // for others '-'. JSON always has it.
  bool shows_user = false;
  std::string_view request;  // "GET /a.mp3 HTTP/1.0"
  int status = 200;
  std::uint64_t bytes_sent = 0;
  std::string_view referer, user_agent;
  std::int64_t seconds = 0;
};
std::string access_line(const AccessFacts& facts, WallTime now);
// time: clf_time() of now
void append_access_line(std::string& out, const AccessFacts& facts, std::string_view time);
// At most the longest line: longer fields are cut, so that it stays valid JSON.
std::string access_json(const AccessFacts& facts, WallTime now);
std::string clf_time(WallTime now);      // 20/Nov/2026:06:52:24 +0000, local zone
std::string rfc3339_time(WallTime now);  // 2026-11-20T06:52:24+00:00, local zone

// Writes the line of a finished request in the log's format.
void log_access(Log& log, AccessFacts facts, WallTime now);

}  // namespace lb
