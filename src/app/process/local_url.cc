#include "app/process/local_url.h"

namespace lb {

std::string local_url(const Config& config) {
  for (const ListenSettings& socket : config.listen) {
    if (socket.tls || socket.proxy_protocol || socket.shoutcast_compat || socket.port == 0)
      continue;
    std::string host = socket.bind_address;
    if (host.empty() || host == "0.0.0.0") host = "127.0.0.1";
    if (host == "::") host = "::1";
    if (host.find(':') != std::string::npos) host = "[" + host + "]";
    return "http://" + host + ":" + std::to_string(socket.port);
  }
  return {};
}

}  // namespace lb
