#include "http/access_line.h"

#include <array>
#include <cstdlib>
#include <ctime>
#include <limits>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "http/message.h"
#include "http/text.h"

namespace lb {
namespace {

constexpr std::size_t kMaxLine = 1023;

constexpr auto kIsSafe = [] {
  std::array<bool, std::numeric_limits<unsigned char>::max() + 1> out{};
  for (std::size_t byte = '"' + 1; byte < 0x7f; ++byte) out[byte] = byte != '`' && byte != '\\';
  return out;
}();

// Appends runs of safe bytes at once: most fields are one run.
void append_safe(std::string& out, std::string_view text, bool spaces) {
  while (!text.empty()) {
    std::size_t run = 0;
    while (run < text.size() &&
           (kIsSafe[static_cast<unsigned char>(text[run])] || (spaces && text[run] == ' ')))
      ++run;
    out.append(text.data(), run);
    if (run == text.size()) return;
    out += '.';
    text.remove_prefix(run + 1);
  }
}

void append_field(std::string& out, std::string_view text, bool spaces) {
  if (text.empty()) out += '-';
  append_safe(out, text, spaces);
}

// The two outer spaces separate method, path and version; a space within the path becomes a dot.
void append_request(std::string& out, std::string_view text) {
  const std::size_t first = text.find(' ');
  const std::size_t last = text.rfind(' ');
  if (text.empty()) out += '-';
  append_safe(out, text.substr(0, first), false);
  if (first == std::string_view::npos) return;
  out += ' ';
  if (first != last) {
    append_safe(out, text.substr(first + 1, last - first - 1), false);
    out += ' ';
  }
  append_safe(out, text.substr(last + 1), false);
}

void append_text(JsonWriter& out, std::string_view name, std::string_view text, std::size_t most) {
  out.key(name);
  if (text.empty()) {
    out.null();
  } else {
    out.text(text.substr(0, most));
  }
}

std::string json_line(const AccessFacts& facts, WallTime now, std::size_t most) {
  // "GET /a b HTTP/1.0": the path is the text between the outer spaces.
  const std::string_view line = facts.request;
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  const bool whole = first != std::string_view::npos && first < last;
  JsonWriter out;
  out.begin_object();
  out.key("time").text(rfc3339_time(now));
  append_text(out, "ip", facts.ip, most);
  append_text(out, "user", facts.user, most);
  append_text(out, "method", whole ? line.substr(0, first) : "", most);
  append_text(out, "path", whole ? line.substr(first + 1, last - first - 1) : line, most);
  append_text(out, "protocol", whole ? line.substr(last + 1) : "", most);
  out.key("status").number(facts.status);
  out.key("bytes").number(facts.bytes_sent);
  append_text(out, "referer", facts.referer, most);
  append_text(out, "agent", facts.user_agent, most);
  out.key("seconds").number(facts.seconds);
  out.end_object();
  return out.take();
}

}  // namespace

std::string rfc3339_time(WallTime now) {
  std::string out = local_text(now, "%Y-%m-%dT%H:%M:%S%z");
  return out.insert(out.size() - 2, 1, ':');  // RFC 3339 writes +0530 as +05:30
}

std::string access_json(const AccessFacts& facts, WallTime now) {
  // Escaping may make a field six times as long; then every field gets less room.
  for (std::size_t most = 1023;; most /= 2) {
    std::string line = json_line(facts, now, most);
    if (line.size() <= Log::kMaxBytes) return line;
  }
}

void log_access(Log& log, AccessFacts facts, WallTime now) {
  if (!log.access_ip()) facts.ip = {};
  log.access(log.access_format() == LogFormat::kJson ? access_json(facts, now)
                                                     : access_line(facts, now));
}

std::string clf_time(WallTime now) {
  const std::tm parts = local_time(now);
  // strftime() depends on the locale, and is slow for a line of every request.
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::string out;
  out.reserve(26);
  append_two_digits(out, static_cast<unsigned>(parts.tm_mday));
  out.append("/").append(kMonths[static_cast<std::size_t>(parts.tm_mon)]).append("/");
  append_number(out, parts.tm_year + 1900);
  for (const int part : {parts.tm_hour, parts.tm_min, parts.tm_sec}) {
    out += ':';
    append_two_digits(out, static_cast<unsigned>(part));
  }
  const auto east = static_cast<int>(parts.tm_gmtoff / 60);
  out += east < 0 ? " -" : " +";
  const auto offset = static_cast<unsigned>(std::abs(east));
  append_two_digits(out, offset / 60);
  append_two_digits(out, offset % 60);
  return out;
}

std::string access_request(const Request& request) {
  std::string line;
  append_access_request(line, request);
  return line;
}

void append_access_request(std::string& out, const Request& request) {
  const std::string_view target = request.target;
  out.append(request.method_text).append(" ").append(target.substr(0, target.find('?')));
  // Icecast logs a title update with a password in its address as a Shoutcast request.
  const bool is_cgi = request.path == "/admin.cgi" || request.path == "/admin/admin.cgi";
  if (is_cgi && query_param(request.query, "pass")) {
    out += " ICY/1.0";
    return;
  }
  out += request.protocol == Protocol::kIce ? " ICE/1." : " HTTP/1.";
  append_number(out, request.version_minor);
}

std::string access_line(const AccessFacts& facts, WallTime now) {
  std::string out;
  out.reserve(128 + facts.ip.size() + facts.user.size() + facts.request.size() +
              facts.referer.size() + facts.user_agent.size());
  append_access_line(out, facts, clf_time(now));
  return out;
}

void append_access_line(std::string& out, const AccessFacts& facts, std::string_view time) {
  const std::size_t begin = out.size();
  out += facts.ip.empty() ? "-" : facts.ip;
  out += " - ";
  append_field(out, facts.shows_user ? facts.user : "", false);
  out.append(" [").append(time).append("] \"");
  append_request(out, facts.request);
  out += "\" ";
  append_number(out, facts.status);
  out += ' ';
  append_number(out, static_cast<std::int64_t>(facts.bytes_sent));
  out += " \"";
  append_field(out, facts.referer, true);
  out += "\" \"";
  append_field(out, facts.user_agent, true);
  out += "\" ";
  append_number(out, facts.seconds);
  if (out.size() > begin + kMaxLine) out.resize(begin + kMaxLine);
}

}  // namespace lb
