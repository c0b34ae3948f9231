// One bound socket of an address and a port, as the configuration writes them.
// Thread: any.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace lb {

// type: SOCK_STREAM or SOCK_DGRAM; non-blocking, close-on-exec.  address: "" means all IPv4
// addresses, "::" both families.
// Errors: kIo, "127.0.0.1:8002: cannot bind (…)".
Result<UniqueFd> bind_socket(int type, const std::string& address, int port);
// The port that it is bound to; 0: none.
int bound_port(int fd);

}  // namespace lb
