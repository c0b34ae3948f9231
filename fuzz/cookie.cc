// The session's cookie of a request: by any Host and Cookie it is a part of the line, of this port
// and scheme, and begins a pair.
//
// The first line is Host, the second Cookie.
#include <functional>

#include "app/request/login_replies.h"
#include "check.h"
#include "http/message.h"

using namespace lb;

namespace {

void judge(const Request& request, bool secure) {
  const std::string name = session_cookie_name(request, secure);
  const std::string_view prefix = secure ? "__Host-lb_session-" : "lb_session-";
  fuzz::must(name.starts_with(prefix), "a name of another scheme", name);
  const std::string_view port = std::string_view(name).substr(prefix.size());
  fuzz::must(!port.empty() && port.size() <= 5 &&
                 port.find_first_not_of("0123456789") == std::string_view::npos,
             "a name whose end is not a port", name);
  const std::string_view line = request.headers.get("cookie");
  const std::string_view found = session_cookie(request, secure);
  if (found.empty()) return;
  const std::less_equal<const char*> before;
  fuzz::must(before(line.data(), found.data()) &&
                 before(found.data() + found.size(), line.data() + line.size()),
             "a cookie beside its line");
  fuzz::must(found.find(';') == std::string_view::npos, "a cookie of two pairs", found);
  const std::string_view pairs =
      line.substr(0, static_cast<std::size_t>(found.data() - line.data()));
  fuzz::must(pairs.ends_with(name + "="), "the cookie of another name", line);
  const std::string_view rest = pairs.substr(0, pairs.size() - name.size() - 1);
  const std::size_t last = rest.find_last_not_of(" \t\r\n");
  fuzz::must(last == std::string_view::npos || rest[last] == ';', "a pair within another", line);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  Request request;
  request.headers.add("host", std::string(text.substr(0, line)));
  request.headers.add("cookie", std::string(text.substr(std::min(line + 1, text.size()))));
  judge(request, false);
  judge(request, true);
  return 0;
}
