#include "cluster/balance/redirect_reply.h"

#include <algorithm>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "http/message.h"

namespace lb {
namespace {

// What RFC 3986 lets stand in a path.
constexpr std::string_view kPathMarks = "/!$&'()*+,;=:@";

std::string path_text(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (kPathMarks.find(path[i]) != std::string_view::npos)
      out += path[i];
    else
      out += percent_encode(path.substr(i, 1), true);
  }
  return out;
}

// A query is kept as it was sent, but for bytes that no address may hold.
std::string query_text(std::string_view query) {
  std::string out;
  for (std::size_t i = 0; i < query.size(); ++i) {
    const auto byte = static_cast<unsigned char>(query[i]);
    const bool plain =
        byte > 0x20 && byte < 0x7f && query[i] != '"' && query[i] != '<' && query[i] != '>';
    if (plain)
      out += query[i];
    else
      out += percent_encode(query.substr(i, 1), false);
  }
  return out;
}

std::string expand_mount(std::string_view pattern, std::string_view mount) {
  constexpr std::string_view kMount = "${mount}";
  if (mount.starts_with('/')) mount.remove_prefix(1);
  std::string out;
  for (std::size_t at = pattern.find(kMount); at != std::string_view::npos;
       at = pattern.find(kMount)) {
    out.append(pattern.substr(0, at)).append(path_text(mount));
    pattern.remove_prefix(at + kMount.size());
  }
  return out.append(pattern);
}

}  // namespace

std::string redirect_location(std::string_view origin, std::string_view path,
                              std::string_view query, std::string_view token) {
  std::string out(origin);
  out += path_text(path);
  if (!query.empty()) out += "?" + query_text(query);
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
  const std::string escaped = html_escape(location);
  const std::string body = cat({"<a href=\"", escaped, "\">", escaped, "</a>\r\n"});
  return cat({"HTTP/1.0 302 Temporarily Moved\r\nLocation: ", location,
              "\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ", body.size(),
              "\r\nConnection: close\r\nCache-Control: no-store\r\n", allow_origin, "\r\n", body});
}

}  // namespace lb
