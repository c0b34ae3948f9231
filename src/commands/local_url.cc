// local_url(): the address of the configured server on this machine, for commands that ask it.
// Thread: pure function.
#include "base/cat.h"
#include "commands/commands.h"
#include "net/address/host_name.h"

namespace lb {

std::string local_url(const Config& config) {
  for (const ListenSettings& socket : config.listen) {
    if (socket.tls || socket.proxy_protocol || socket.shoutcast_compat || socket.port == 0)
      continue;
    std::string host = socket.bind_address;
    if (host.empty() || host == "0.0.0.0") host = "127.0.0.1";
    if (host == "::") host = "::1";
    return cat({"http://", url_host(host), ":", socket.port});
  }
  return {};
}

}  // namespace lb
