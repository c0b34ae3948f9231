#include "app/request/session_cookie.h"

#include <algorithm>

#include "base/strings.h"

namespace lb {

std::string session_cookie_name(const Request& request, bool secure) {
  const std::string_view host = request.headers.get("host");
  std::string_view port = host.substr(std::min(host.size(), host.rfind(':') + 1));
  const bool named = host.find(':') != std::string_view::npos && !port.empty() &&
                     port.size() <= 5 &&
                     port.find_first_not_of("0123456789") == std::string_view::npos;
  if (!named) port = secure ? "443" : "80";
  return std::string(secure ? "__Host-lb_session-" : "lb_session-").append(port);
}

std::string_view session_cookie(const Request& request, bool secure) {
  const std::string name = session_cookie_name(request, secure);
  for (std::string_view pair : split(request.headers.get("cookie"), ';')) {
    pair = trim(pair);
    if (pair.starts_with(name) && pair.substr(name.size(), 1) == "=")
      return pair.substr(name.size() + 1);
  }
  return {};
}

}  // namespace lb
