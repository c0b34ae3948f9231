#include "http/response.h"

#include "base/cat.h"
#include "base/strings.h"
#include "http/text.h"

namespace lb {
namespace {

constexpr std::size_t kLongestUrl = 4096;
constexpr std::size_t kLongestHost = 255;

// Whether a status line can begin with these bytes, of which more may follow.
bool may_be_answer(std::string_view line) noexcept {
  return istarts_with("HTTP/", line.substr(0, 5)) || istarts_with("ICY ", line.substr(0, 4));
}

// Whether the host of a URL is valid: a name, an IPv4 address or an IPv6 address without brackets.
bool is_host(std::string_view host) noexcept {
  return !host.empty() && host.size() <= kLongestHost && is_plain_text(host, ".-_:");
}

// Encodes the bytes that would end or split a request line; encoded ones stay.
std::string request_target(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text.substr(0, text.find('#'))) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f) {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  if (out.empty() || out.front() != '/') out.insert(0, "/");
  return out;
}

}  // namespace

std::size_t ResponseParser::feed(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !done_ && !fault_) {
    const std::string_view rest = bytes.substr(taken, kHeadBytes + 1 - head_bytes_);
    const std::size_t end = rest.find('\n');
    const std::size_t used = end == std::string_view::npos ? rest.size() : end + 1;
    line_.append(rest.substr(0, end));
    taken += used;
    head_bytes_ += used;
    if (!status_line_done_ && !may_be_answer(line_)) {
      // Garbage without an end of line: no need to wait for 16 KiB of it.
      fault_ = Error::invalid("did not answer in HTTP");
    } else if (head_bytes_ > kHeadBytes) {
      fault_ = Error::limit(cat({"answered with a head of more than ", kHeadBytes, " bytes"}));
    } else if (end != std::string_view::npos) {
      std::string_view line = line_;
      while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      take_line(line);
      line_.clear();
    }
  }
  return taken;
}

void ResponseParser::take_line(std::string_view line) {
  if (!status_line_done_)
    take_status_line(line);
  else if (line.empty())
    done_ = true;
  else
    take_header(line);
}

void ResponseParser::take_status_line(std::string_view line) {
  status_line_done_ = true;
  const std::size_t space = line.find(' ');
  const std::string_view version = line.substr(0, space);
  const std::string_view rest =
      space == std::string_view::npos ? std::string_view() : trim(line.substr(space));
  const std::string_view code = rest.substr(0, rest.find(' '));
  response_.icy = iequals(version, "ICY");
  const bool http = istarts_with(version, "HTTP/1.") && version.size() == 8 && is_digit(version[7]);
  const auto status = parse_u64(code);
  if ((!response_.icy && !http) || code.size() != 3 || !status || *status < 100) {
    fault_ = Error::invalid("did not answer in HTTP");
    return;
  }
  if (http) response_.version_minor = version[7] - '0';
  response_.status = static_cast<int>(*status);
  response_.reason = without_controls(trim(rest.substr(code.size())));
}

void ResponseParser::take_header(std::string_view line) {
  if (response_.headers.all().size() >= kHeaders) {
    fault_ = Error::limit(cat({"answered with more than ", kHeaders, " header lines"}));
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = line.substr(0, colon);
  const std::string value = without_controls(trim(line.substr(colon + 1)));
  if (!is_token(name) || value.empty()) return;
  response_.headers.add(to_lower(name), value);
}

Result<HttpUrl> parse_http_url(std::string_view text, const HttpUrl& base) {
  text = trim(text);
  if (text.empty()) return Error::invalid("the address is empty");
  if (text.size() > kLongestUrl) return Error::invalid("the address is longer than 4096 bytes");
  if (text.front() == '/' && !text.starts_with("//")) {
    if (base.host.empty()) return Error::invalid("the address has no host");
    HttpUrl url = base;
    url.target = request_target(text);
    return url;
  }
  HttpUrl url;
  if (istarts_with(text, "http://")) {
    text.remove_prefix(7);
  } else if (istarts_with(text, "https://")) {
    url.tls = true;
    url.port = 443;
    text.remove_prefix(8);
  } else {
    return Error::invalid("the address is neither http nor https");
  }
  std::string_view authority = text.substr(0, text.find_first_of("/?#"));
  url.target = request_target(text.substr(authority.size()));
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos)
    authority.remove_prefix(at + 1);
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return Error::invalid("the host of the address is broken");
    url.host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
  } else {
    const std::size_t colon = authority.find(':');
    url.host = authority.substr(0, colon);
    if (colon != std::string_view::npos) port = authority.substr(colon);
  }
  if (!is_host(url.host)) return Error::invalid("the host of the address is broken");
  if (!port.empty() && port != ":") {
    const auto number = parse_u64(port.substr(1));
    if (port.front() != ':' || !number || *number == 0 || *number > 65535)
      return Error::invalid("the port of the address is not between 1 and 65535");
    url.port = static_cast<std::uint16_t>(*number);
  }
  return url;
}

}  // namespace lb
