#include "app/join/listen_ask.h"

#include <string_view>

#include "base/strings.h"
#include "cluster/relay/relay_marks.h"
#include "http/message.h"

namespace lb {

ListenAsk listen_ask(const Request& request) {
  const std::string_view agent = request.headers.get("user-agent");
  ListenAsk out;
  out.own_product = is_own_product(request.headers);
  out.stock_relay = !out.own_product && agent.starts_with("Icecast");
  out.burst = burst_wanted(request.headers);
  out.place = parse_stream_ask(request.headers.get("x-lb-stream"));
  out.icy = wants_titles(request);
  out.length = request.headers.find("x-flash-version") != nullptr ||
               agent.find("MSIE") != std::string_view::npos;
  out.probes = is_safari_probe(request);
  return out;
}

bool wants_titles(const Request& request) {
  const std::string_view value = trim(request.headers.get("icy-metadata"));
  return parse_u64(value.substr(0, value.find_first_not_of("0123456789"))).value_or(0) > 0;
}

bool is_safari_probe(const Request& request) {
  if (trim(request.headers.get("range")) != "bytes=0-1") return false;
  const std::string_view agent = request.headers.get("user-agent");
  const auto has = [agent](std::string_view word) {
    return agent.find(word) != std::string_view::npos;
  };
  return has("Safari/") && !has("Chrome") && !has("AppleCoreMedia");
}

}  // namespace lb
