#include "http/playlist.h"

#include <algorithm>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "http/message.h"
#include "net/address/address.h"

namespace lb {
namespace {

// Whether it has a port, or the colons of an IPv6 address ("[::1]", at the usual port).
bool names_a_port(std::string_view host) noexcept {
  const std::size_t colon = host.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  if (host.ends_with(']'))
    return host.starts_with('[') && Address::parse(host.substr(1, host.size() - 2), 80);
  const auto port = parse_u64(host.substr(colon + 1));
  return port && *port >= 1 && *port <= 65535;
}

}  // namespace

std::string stream_address(std::string_view scheme, std::string_view host, std::string_view mount) {
  constexpr std::string_view kPathMarks = "/!$&'()*+,;=:@";
  std::string out(scheme);
  out.append("://").append(host);
  for (std::size_t i = 0; i < mount.size(); ++i) {
    if (kPathMarks.find(mount[i]) != std::string_view::npos) {
      out += mount[i];
    } else {
      out += percent_encode(mount.substr(i, 1), true);
    }
  }
  return out;
}

std::string playlist_host(std::string_view host_header, std::string_view hostname, int port,
                          bool secure) {
  const bool usable =
      names_a_port(host_header) ||
      (secure && !host_header.empty() && host_header.find(':') == std::string_view::npos);
  if (usable && is_plain_text(host_header, ".-_:[]")) {
    return std::string(host_header);
  }
  const bool bare_ipv6 =
      hostname.find(':') != std::string_view::npos && hostname.find('[') == std::string_view::npos;
  std::string out;
  if (bare_ipv6) out += '[';
  out += hostname;
  if (bare_ipv6) out += ']';
  out.append(":").append(std::to_string(port));
  return out;
}

std::string with_site(std::string_view text, std::string_view from, std::string_view to) {
  const std::string old = cat({from, "/"});
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t at = std::min(text.find(old), text.size());
    out += text.substr(0, at);
    if (at == text.size()) break;
    out += to;
    text.remove_prefix(at + from.size());
  }
  return out;
}

std::string m3u_of(std::span<const std::string> addresses) {
  std::string out;
  for (const std::string& address : addresses) out += address + "\r\n";
  return out;
}

std::string pls_of(std::span<const std::string> addresses) {
  std::string out = cat({"[playlist]\r\nNumberOfEntries=", addresses.size(), "\r\n"});
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    out += cat({"File", number, "=", addresses[i], "\r\nLength", number, "=-1\r\n"});
  }
  return out + "Version=2\r\n";
}

std::string xspf_of(std::span<const std::string> addresses) {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<playlist xmlns=\"http://xspf.org/ns/0/\" version=\"1\">\n  <title/>\n  <trackList>\n";
  for (const std::string& address : addresses)
    out += cat({"    <track><location>", html_escape(address), "</location></track>\n"});
  return out + "  </trackList>\n</playlist>\n";
}

std::string m3u(std::string_view host, std::string_view mount, std::string_view scheme) {
  return stream_address(scheme, host, mount) + "\r\n";
}

std::string pls(std::string_view host, std::string_view mount, std::string_view scheme) {
  return cat({"[playlist]\r\nNumberOfEntries=1\r\nFile1=", stream_address(scheme, host, mount),
              "\r\nLength1=-1\r\nVersion=2\r\n"});
}

}  // namespace lb
