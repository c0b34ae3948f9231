#include "cluster/balance/redirect_reply.h"

#include <algorithm>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "http/message.h"

namespace lb {
namespace {

// What RFC 3986 lets stand in a path, beside letters and digits.
constexpr std::string_view kPathMarks = "-._~/!$&'()*+,;=:@";
// What html_escape() writes in another way.
constexpr std::string_view kMarkup = "&<>\"'";

bool stands_in_path(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kPathMarks.find(c) != std::string_view::npos;
}

// A query is kept as it was sent, but for bytes that no address may hold.
bool stands_in_query(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte < 0x7f && c != '"' && c != '<' && c != '>';
}

void append_encoded(std::string& out, std::string_view text, bool (*stands)(char) noexcept) {
  while (!text.empty()) {
    const auto end = std::find_if_not(text.begin(), text.end(), stands);
    const auto plain = static_cast<std::size_t>(end - text.begin());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    out += percent_encode(text.substr(0, 1), false);
    text.remove_prefix(1);
  }
}

std::string expand_mount(std::string_view pattern, std::string_view mount) {
  constexpr std::string_view kMount = "${mount}";
  if (mount.starts_with('/')) mount.remove_prefix(1);
  std::string out;
  for (std::size_t at = pattern.find(kMount); at != std::string_view::npos;
       at = pattern.find(kMount)) {
    out.append(pattern.substr(0, at));
    append_encoded(out, mount, stands_in_path);
    pattern.remove_prefix(at + kMount.size());
  }
  return out.append(pattern);
}

}  // namespace

std::string redirect_location(std::string_view origin, std::string_view path,
                              std::string_view query, std::string_view token) {
  constexpr std::size_t kMarks = 8;
  std::string out;
  out.reserve(origin.size() + path.size() + query.size() + token.size() + kMarks);
  out.append(origin);
  append_encoded(out, path, stands_in_path);
  if (!query.empty()) append_encoded(out += '?', query, stands_in_query);
  if (!token.empty()) out.append(query.empty() ? "?" : "&").append("lb=").append(token);
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
  return is_web_address(pattern) ? expand_mount(pattern, mount) : std::string();
}

std::string redirect_reply(std::string_view origin, std::string_view path, std::string_view query,
                           std::string_view token, std::string_view allow_origin) {
  const std::string location = redirect_location(origin, path, query, token);
  const std::string escaped =
      location.find_first_of(kMarkup) == std::string::npos ? std::string() : html_escape(location);
  const std::string_view shown = escaped.empty() ? location : escaped;
  constexpr std::string_view kLink = "<a href=\"", kText = "\">", kEnd = "</a>\r\n";
  return cat({"HTTP/1.0 302 Temporarily Moved\r\nLocation: ", location,
              "\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ",
              kLink.size() + kText.size() + kEnd.size() + 2 * shown.size(),
              "\r\nConnection: close\r\nCache-Control: no-store\r\n", allow_origin, "\r\n", kLink,
              shown, kText, shown, kEnd});
}

}  // namespace lb
