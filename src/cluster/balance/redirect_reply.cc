#include "cluster/balance/redirect_reply.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "http/cross_origin.h"
#include "http/message.h"
#include "http/text.h"

namespace lb {
namespace {

// The places in which a byte needs no escape.
constexpr std::uint8_t kInPath = 1, kInQuery = 2, kInText = 4;

constexpr auto kStands = [] {
  // Characters that RFC 3986 allows in a path, besides letters and digits; characters that
  // html_escape() changes.
  constexpr std::string_view kPathMarks = "-._~/!$&'()*+,;=:@", kMarkup = "&<>\"'";
  std::array<std::uint8_t, std::numeric_limits<unsigned char>::max() + 1> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto c = static_cast<char>(i);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain || kPathMarks.find(c) != std::string_view::npos) out[i] |= kInPath;
    // A query is kept as sent, except for bytes that no address may have.
    if (i > 0x20 && i < 0x7f && c != '"' && c != '<' && c != '>') out[i] |= kInQuery;
    if (kMarkup.find(c) == std::string_view::npos) out[i] |= kInText;
  }
  return out;
}();

// The number of leading bytes that need no escape there.
std::size_t plain_bytes(std::string_view text, std::uint8_t place) noexcept {
  std::size_t n = 0;
  while (n < text.size() && (kStands[static_cast<unsigned char>(text[n])] & place) != 0) ++n;
  return n;
}

void append_encoded(std::string& out, std::string_view text, std::uint8_t place) {
  while (!text.empty()) {
    const std::size_t plain = plain_bytes(text, place);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    out += percent_encode(text.substr(0, 1), false);
    text.remove_prefix(1);
  }
}

void append_location(std::string& out, std::string_view origin, std::string_view path,
                     std::string_view query, std::string_view token) {
  out.append(origin);
  append_encoded(out, path, kInPath);
  if (!query.empty()) append_encoded(out += '?', query, kInQuery);
  if (!token.empty()) out.append(query.empty() ? "?" : "&").append("lb=").append(token);
}

}  // namespace

std::string redirect_location(std::string_view origin, std::string_view path,
                              std::string_view query, std::string_view token) {
  constexpr std::size_t kMarks = 8;
  std::string out;
  out.reserve(origin.size() + path.size() + query.size() + token.size() + kMarks);
  append_location(out, origin, path, query, token);
  return out;
}

bool is_web_address(std::string_view text) {
  const auto may_stand = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte < 0x7f && c != '"' && c != '<' && c != '>' && c != '\\';
  };
  const std::size_t scheme = istarts_with(text, "https://")  ? 8
                             : istarts_with(text, "http://") ? 7
                                                             : 0;
  return scheme > 0 && text.size() > scheme && text[scheme] != '/' &&
         std::all_of(text.begin(), text.end(), may_stand);
}

std::string mount_redirect_location(std::string_view redirect, std::string_view redirect_to,
                                    std::string_view mount) {
  const std::string_view base =
      redirect.ends_with('/') ? redirect.substr(0, redirect.size() - 1) : redirect;
  const std::string pattern =
      redirect.empty() ? std::string(redirect_to) : cat({base, "/${mount}"});
  std::string encoded;
  append_encoded(encoded, mount, kInPath);
  return is_web_address(pattern) ? expand_mount(pattern, encoded) : std::string();
}

// One allocation in the order of sending, because a master makes one for each listener.
std::string redirect_reply(std::string_view origin, std::string_view path, std::string_view query,
                           std::string_view token, std::span<const HttpHeader> http_headers) {
  constexpr std::size_t kOthers = 320;  // bytes beside the three times that the address is named
  constexpr std::string_view kLink = "<a href=\"", kText = "\">", kEnd = "</a>\r\n";
  std::string out;
  out.reserve(kOthers + 3 * (origin.size() + path.size() + query.size() + token.size()));
  out.append("HTTP/1.0 302 Temporarily Moved\r\nLocation: ");
  const std::size_t begin = out.size();
  append_location(out, origin, path, query, token);
  const std::size_t bytes = out.size() - begin;
  const std::string_view location = std::string_view(out).substr(begin);
  const std::string escaped =
      plain_bytes(location, kInText) == bytes ? std::string() : html_escape(location);
  const auto append_shown = [&] {
    if (escaped.empty())
      out.append(out, begin, bytes);
    else
      out.append(escaped);
  };
  out.append("\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ");
  append_number(out, kLink.size() + kText.size() + kEnd.size() +
                         2 * (escaped.empty() ? bytes : escaped.size()));
  out.append("\r\nConnection: close\r\nCache-Control: no-store\r\n");
  append_allow_origin(out, 302, http_headers);
  out.append("\r\n").append(kLink);
  append_shown();
  out.append(kText);
  append_shown();
  return out.append(kEnd);
}

}  // namespace lb
