#include "http/message.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "base/encoding.h"
#include "base/strings.h"
#include "http/cross_origin.h"
#include "http/text.h"

namespace lb {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void append_http_date(std::string& out, WallTime time) {
  namespace chrono = std::chrono;
  constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                     "Thu", "Fri", "Sat"};
  const auto seconds = chrono::floor<chrono::seconds>(time);
  const auto day = chrono::floor<chrono::days>(seconds);
  const chrono::year_month_day date(day);
  const chrono::hh_mm_ss clock(seconds - day);
  out += kDays[chrono::weekday(day).c_encoding()];
  out += ", ";
  append_two_digits(out, static_cast<unsigned>(date.day()));
  out += ' ';
  out += kMonths[static_cast<unsigned>(date.month()) - 1];
  out += ' ';
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  append_two_digits(out, year / 100);
  append_two_digits(out, year % 100);
  out += ' ';
  append_two_digits(out, static_cast<unsigned>(clock.hours().count()));
  out += ':';
  append_two_digits(out, static_cast<unsigned>(clock.minutes().count()));
  out += ':';
  append_two_digits(out, static_cast<unsigned>(clock.seconds().count()));
  out += " GMT";
}

void append_http_headers(std::string& out, std::span<const HttpHeader> headers, int status) {
  for (const HttpHeader& header : headers) {
    if (header.status != 0 && header.status != status) continue;
    out.append(header.name).append(": ").append(header.value).append("\r\n");
  }
}

std::size_t room_for(std::span<const HttpHeader> headers) noexcept {
  std::size_t bytes = 0;
  for (const HttpHeader& header : headers) bytes += header.name.size() + header.value.size() + 4;
  return bytes;
}

}  // namespace

void Headers::add(std::string name, std::string value) {
  if (rows_.empty()) rows_.reserve(kUsual);
  rows_.emplace_back(std::move(name), std::move(value));
}

const std::string* Headers::find(std::string_view name) const noexcept {
  for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) {
    if (row->first == name) return &row->second;
  }
  return nullptr;
}

std::string_view Headers::get(std::string_view name, std::string_view otherwise) const noexcept {
  const std::string* value = find(name);
  return value != nullptr ? std::string_view(*value) : otherwise;
}

void Request::query_was_cut() {
  if (sent.empty()) sent = target;
  target = target.substr(0, target.find('?'));
  if (!query.empty()) target += "?" + query;
}

namespace {

// Calls take(value as it was sent) for each parameter of that name.
template <class Take>
void each_value(std::string_view query, std::string_view name, Take take) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::size_t equals = pair.find('=');
    if (equals == pair.npos) continue;
    const std::string_view key = pair.substr(0, equals);
    // Decoding needs memory, and a form may have thousands of pairs.
    if (key.find_first_of("%+") == key.npos ? key == name : percent_decode(key, true) == name)
      take(pair.substr(equals + 1));
  }
}

}  // namespace

std::optional<std::string> query_param(std::string_view query, std::string_view name) {
  std::optional<std::string> found;
  each_value(query, name, [&found](std::string_view value) {
    found = percent_decode(value, true);
    if (found && found->find('\0') != std::string::npos) found.reset();
  });
  return found;
}

bool has_query_param(std::string_view query, std::string_view name) {
  bool found = false;
  each_value(query, name, [&found](std::string_view) { found = true; });
  return found;
}

std::string_view method_word(Method method) noexcept {
  for (const auto& [word, known] : kMethodWords)
    if (known == method) return word;
  return "";
}

std::string_view reason_phrase(int status) noexcept {
  static constexpr std::pair<int, std::string_view> kPhrases[] = {
      {100, "Continue"},
      {200, "OK"},
      {201, "Created"},
      {204, "No Content"},
      {206, "Partial Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Authentication Required"},
      {403, "Forbidden"},
      {404, "File Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Payload Too Large"},
      {414, "Request-URI Too Long"},
      {415, "Unsupported Media Type"},
      {416, "Request Range Not Satisfiable"},
      {421, "Misdirected Request"},
      {422, "Unprocessable Content"},
      {426, "Upgrade Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
      {508, "Loop Detected"},
  };
  for (const auto& [known, phrase] : kPhrases)
    if (known == status) return phrase;
  // The phrase must not be empty: an Icecast slave refuses a status line of two words.
  if (status < 200) return "Information";
  if (status < 300) return "Success";
  if (status < 400) return "Redirection";
  return status < 500 ? "Client Error" : "Server Error";
}

std::optional<WallTime> parse_http_date(std::string_view text) noexcept {
  constexpr std::string_view kForm = "Fri, 20 Nov 2026 06:52:17 GMT";
  if (text.size() != kForm.size()) return std::nullopt;
  for (const std::size_t at : {3U, 4U, 7U, 11U, 16U, 19U, 22U, 25U, 26U, 27U, 28U})
    if (text[at] != kForm[at]) return std::nullopt;
  bool digits = true;
  const auto number = [&](std::size_t at, std::size_t length) {
    unsigned value = 0;
    for (const char c : text.substr(at, length)) {
      digits = digits && c >= '0' && c <= '9';
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    return value;
  };
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  const unsigned day = number(5, 2), year = number(12, 4), hour = number(17, 2),
                 minute = number(20, 2), second = number(23, 2);
  if (!digits || month == kMonths.end() || hour > 23 || minute > 59 || second > 60)
    return std::nullopt;
  namespace chrono = std::chrono;
  const chrono::year_month_day date(
      chrono::year(static_cast<int>(year)),
      chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1), chrono::day(day));
  if (!date.ok()) return std::nullopt;
  const chrono::seconds time = chrono::sys_days(date).time_since_epoch() + chrono::hours(hour) +
                               chrono::minutes(minute) + chrono::seconds(second);
  return wall_time(time.count());
}

std::string http_date(WallTime time) {
  std::string out;
  append_http_date(out, time);
  return out;
}

bool is_below_api(const Request& request) noexcept {
  return request.only_api || request.path == "/api" || request.path.starts_with("/api/");
}

bool is_api_path(std::string_view path) noexcept {
  constexpr std::string_view kApi = "/api/v1";
  return path.starts_with(kApi) && (path.size() == kApi.size() || path[kApi.size()] == '/');
}

bool client_keeps_alive(const Request& request) noexcept {
  if (request.protocol != Protocol::kHttp) return false;
  const std::string_view options = request.headers.get("connection");
  const auto names = [options](std::string_view word) {
    for (const std::string_view option : split(options, ','))
      if (iequals(trim(option), word)) return true;
    return false;
  };
  return request.version_minor >= 1 ? !names("close") : names("keep-alive");
}

bool client_has(const Request& request, std::string_view tag) noexcept {
  const std::string_view given = trim(request.headers.get("if-none-match"));
  return !given.empty() && (given == "*" || given.find(tag) != std::string_view::npos);
}

std::string render_head(const ResponseHead& head, const ReplyFacts& facts) {
  // 640 bytes are enough for all but the four variable parts.
  std::string out;
  out.reserve(640 + facts.server_id.size() + head.reason.size() + head.content_type.size() +
              head.extra.size() + room_for(facts.http_headers) + room_for(head.mount_http_headers));
  const bool is_1_1 = head.http_1_1 || head.status == 206 || head.status == 100;
  out += is_1_1 ? "HTTP/1.1 " : "HTTP/1.0 ";
  append_number(out, static_cast<std::uint64_t>(head.status));
  out += ' ';
  out += head.reason.empty() ? reason_phrase(head.status) : head.reason;
  if (head.status == 100) {
    // A "100 Continue" is no final reply; libshout, ffmpeg and butt expect exactly these lines.
    out += "\r\nContent-Length: 0\r\n\r\n";
    return out;
  }
  out.append("\r\nServer: ").append(facts.server_id);
  out +=
      head.keep_alive ? "\r\nConnection: Keep-Alive\r\nDate: " : "\r\nConnection: Close\r\nDate: ";
  append_http_date(out, facts.now);
  out += "\r\n";
  if (!head.content_type.empty()) {
    out.append("Content-Type: ").append(head.content_type).append("\r\n");
  }
  if (head.status == 401) out.append("WWW-Authenticate: ").append(head.challenge).append("\r\n");
  if (head.cache.empty()) {
    out +=
        "Cache-Control: no-cache, no-store\r\n"
        "Expires: Mon, 26 Jul 1997 05:00:00 GMT\r\n"
        "Pragma: no-cache\r\n";
  } else {
    out.append("Cache-Control: ").append(head.cache).append("\r\n");
  }
  append_http_headers(out, facts.http_headers, head.status);
  append_http_headers(out, head.mount_http_headers, head.status);
  if (facts.cross_origin)
    append_cross_origin(out, head.status, facts.http_headers, head.mount_http_headers,
                        head.exposes);
  out += head.extra;
  out += facts.lines;
  if (head.content_length) {
    out += "Content-Length: ";
    append_number(out, *head.content_length);
    out += "\r\n";
  }
  out += "\r\n";
  return out;
}

std::string html_escape(std::string_view text) { return escape_markup(text, "'"); }

std::string error_page(int status, std::string_view text) {
  std::string number;
  append_number(number, static_cast<std::uint64_t>(status));
  std::string out = "<html><head><title>Error ";
  out.append(number).append("</title></head><body><b>").append(number).append(" - ");
  out.append(html_escape(text)).append("</b></body></html>\r\n");
  return out;
}

}  // namespace lb
