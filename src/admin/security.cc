#include "admin/security.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"

namespace lb {
namespace {

// "http://radio.example:8000/x" or "radio.example:8000" → "radio.example"; "" when there is none.
std::string_view host_of(std::string_view text) {
  if (const auto scheme = text.find("://"); scheme != text.npos) text.remove_prefix(scheme + 3);
  text = text.substr(0, text.find_first_of("/?#"));
  if (const auto at = text.rfind('@'); at != text.npos) text.remove_prefix(at + 1);
  if (!text.empty() && text[0] == '[') return text.substr(0, text.find(']'));
  return text.substr(0, text.find(':'));
}

bool names_this_host(std::string_view origin, const Headers& headers) {
  const std::string_view host = host_of(origin);
  return !host.empty() && (iequals(host, host_of(headers.get("host"))) ||
                           iequals(host, host_of(headers.get("x-forwarded-host"))));
}

// Encoders, panels and scripts may call themselves Mozilla; none of them says a language too.
bool looks_like_a_browser(const Headers& headers) {
  return headers.find("accept-language") != nullptr &&
         istarts_with(headers.get("user-agent"), "Mozilla/5.0");
}

constexpr auto kHtmlLines = std::to_array<std::pair<std::string_view, std::string_view>>({
    // media-src: a stream may be redirected to any node of the cluster.
    {"Content-Security-Policy",
     "default-src 'self'; media-src 'self' http: https:; object-src 'none'; base-uri 'none'; "
     "form-action 'self'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    // Not no-referrer: then a browser sends "Origin: null" with our own forms.
    {"Referrer-Policy", "same-origin"},
});

}  // namespace

bool same_site_request(const Headers& headers) {
  if (const std::string* site = headers.find("sec-fetch-site"))
    return iequals(*site, "same-origin") || iequals(*site, "none");
  if (const std::string* origin = headers.find("origin")) return names_this_host(*origin, headers);
  if (const std::string* referer = headers.find("referer"))
    return names_this_host(*referer, headers);
  return !looks_like_a_browser(headers);
}

std::string html_security_lines(std::span<const HttpHeader> configured) {
  std::string lines;
  for (const auto& [name, value] : kHtmlLines) {
    const auto same_name = [&, key = name](const HttpHeader& header) {
      return iequals(header.name, key);
    };
    if (std::any_of(configured.begin(), configured.end(), same_name)) continue;
    lines += name;
    lines += ": ";
    lines += value;
    lines += "\r\n";
  }
  return lines;
}

}  // namespace lb
