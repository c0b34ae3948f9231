#include "net/address/bind_address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "base/cat.h"

namespace lb {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* found) const noexcept { ::freeaddrinfo(found); }
};
using Found = std::unique_ptr<addrinfo, FreeAddresses>;

Result<Found> addresses_to_bind(int type, const std::string& address, int port) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = type;
  hints.ai_family = address.empty() ? AF_INET : AF_UNSPEC;
  addrinfo* found = nullptr;
  const char* host = address.empty() ? nullptr : address.c_str();
  if (const int rc = ::getaddrinfo(host, std::to_string(port).c_str(), &hints, &found); rc != 0)
    return Error::io(cat({"address not understood (", ::gai_strerror(rc), ")"}));
  return Found(found);
}

// With errno; 0: it is bound.
std::pair<UniqueFd, int> try_bind(int type, const addrinfo& to, PortUse use) {
  UniqueFd fd(::socket(to.ai_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1, off = 0;
  if (type == SOCK_STREAM) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (use == PortUse::kShared) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (to.ai_family == AF_INET6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (fd && ::bind(fd.get(), to.ai_addr, to.ai_addrlen) == 0) return {std::move(fd), 0};
  return {UniqueFd(), errno};
}

}  // namespace

Result<UniqueFd> bind_socket(int type, const std::string& address, int port, PortUse use) {
  const auto fails = [&](Error::Code code, std::string_view why) {
    return Error{code, cat({address.empty() ? "0.0.0.0" : address, ":", port, ": ", why})};
  };
  const auto found = addresses_to_bind(type, address, port);
  if (!found) return fails(found.error().code, found.error().what);
  auto [fd, error] = try_bind(type, **found, use);
  if (error == 0) return std::move(fd);
  return fails(error == EACCES ? Error::Code::kDenied : Error::Code::kIo,
               cat({"cannot bind (", std::strerror(error), ")"}));
}

bool is_port_taken(int type, const std::string& address, int port) {
  const auto found = addresses_to_bind(type, address, port);
  return found && try_bind(type, **found, PortUse::kAlone).second == EADDRINUSE;
}

Result<Address> address_to_bind(const std::string& address) {
  const auto found = addresses_to_bind(SOCK_STREAM, address, 0);
  if (!found) return found.error();
  return Address::from_sockaddr(*(*found)->ai_addr);
}

bool do_overlap(const std::string& one, const std::string& other) {
  const auto a = address_to_bind(one), b = address_to_bind(other);
  if (!a || !b) return false;
  static const Address all = *Address::parse("::", 0), all_v4 = *Address::parse("0.0.0.0", 0);
  return *a == *b || *a == all || *b == all || (*a == all_v4 && b->is_v4()) ||
         (*b == all_v4 && a->is_v4());
}

int bound_port(int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) return 0;
  if (name.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6&>(name).sin6_port);
  return name.ss_family == AF_INET ? ntohs(reinterpret_cast<const sockaddr_in&>(name).sin_port) : 0;
}

}  // namespace lb
