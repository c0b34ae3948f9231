// A socket bound to an address and a port of the configuration.
// Thread: any; a name in place of an address waits for the resolver.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "net/address/address.h"

namespace lb {

// kShared: SO_REUSEPORT, with which the sockets of several workers share the port.
enum class PortUse { kAlone, kShared };

// type: SOCK_STREAM or SOCK_DGRAM; non-blocking, close-on-exec.  address: "" means all IPv4
// addresses, as Debian's Icecast has it; "::" both families.
// Errors: kDenied or kIo, "127.0.0.1:8002: cannot bind (…)".
Result<UniqueFd> bind_socket(int type, const std::string& address, int port,
                             PortUse use = PortUse::kAlone);
// Whether bind_socket() fails only because another socket has the port, at this address or at one
// that includes it or is included in it.
bool is_port_taken(int type, const std::string& address, int port);
// Whether sockets at both addresses exclude each other on one port: equal ones, or one includes the
// other.
bool do_overlap(const std::string& one, const std::string& other);
// The address that bind_socket() binds to; its port is 0.
Result<Address> address_to_bind(const std::string& address);
// The port that the socket is bound to; 0: none.
int bound_port(int fd);

}  // namespace lb
