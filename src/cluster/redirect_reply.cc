#include "cluster/redirect_reply.h"

#include "base/encoding.h"
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

}  // namespace

std::string redirect_location(std::string_view origin, std::string_view path,
                              std::string_view query, std::string_view token) {
  std::string out(origin);
  out += path_text(path);
  if (!query.empty()) out += "?" + query_text(query);
  if (!token.empty()) out.append(query.empty() ? "?" : "&").append("lb=").append(token);
  return out;
}

std::string redirect_reply(std::string_view origin, std::string_view path, std::string_view query,
                           std::string_view token) {
  const std::string location = redirect_location(origin, path, query, token);
  const std::string escaped = html_escape(location);
  const std::string body = "<a href=\"" + escaped + "\">" + escaped + "</a>\r\n";
  return "HTTP/1.0 302 Temporarily Moved\r\nLocation: " + location +
         "\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: " +
         std::to_string(body.size()) +
         "\r\nConnection: close\r\nCache-Control: no-store\r\nAccess-Control-Allow-Origin: "
         "*\r\n\r\n" +
         body;
}

}  // namespace lb
