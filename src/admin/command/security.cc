#include "admin/command/security.h"

#include <algorithm>
#include <string_view>

#include "base/strings.h"

namespace lb {
namespace {

// "http://radio.example:8000/x" or "radio.example:8000" → "radio.example"; "" without a host.
std::string_view host_of(std::string_view text) {
  if (const auto scheme = text.find("://"); scheme != text.npos) text.remove_prefix(scheme + 3);
  text = text.substr(0, text.find_first_of("/?#"));
  if (const auto at = text.rfind('@'); at != text.npos) text.remove_prefix(at + 1);
  if (!text.empty() && text[0] == '[') return text.substr(0, text.find(']'));
  return text.substr(0, text.find(':'));
}

bool names_this_host(std::string_view origin, const Headers& headers) {
  const std::string_view host = host_of(origin);
  if (host.empty()) return false;
  if (iequals(host, host_of(headers.get("x-forwarded-host")))) return true;
  // Several different ones come from a proxy; none of them may be another site's.
  return headers.find("host") != nullptr &&
         std::ranges::all_of(headers.all(), [host](const auto& row) {
           return row.first != "host" || iequals(host, host_of(row.second));
         });
}

// Encoders, panels and scripts may send "Mozilla" too, but not together with Accept-Language.
bool looks_like_a_browser(const Headers& headers) {
  return headers.find("accept-language") != nullptr &&
         istarts_with(headers.get("user-agent"), "Mozilla/5.0");
}

// A prefetch comes before any click, so it must not change state.
bool is_prefetch(const Headers& headers) {
  for (const char* name : {"sec-purpose", "purpose", "x-moz", "x-purpose"})
    if (istarts_with(headers.get(name), "prefetch") || iequals(headers.get(name), "preview"))
      return true;
  return false;
}

}  // namespace

bool same_site_request(const Headers& headers) {
  if (is_prefetch(headers)) return false;
  if (const std::string* site = headers.find("sec-fetch-site"))
    return iequals(*site, "same-origin") || iequals(*site, "none");
  if (const std::string* origin = headers.find("origin")) return names_this_host(*origin, headers);
  if (const std::string* referer = headers.find("referer"))
    return names_this_host(*referer, headers);
  return !looks_like_a_browser(headers);
}

}  // namespace lb
