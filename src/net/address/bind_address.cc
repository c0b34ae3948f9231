#include "net/address/bind_address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/cat.h"

namespace lb {

Result<UniqueFd> bind_socket(int type, const std::string& address, int port) {
  const std::string what = cat({address.empty() ? "0.0.0.0" : address, ":", port});
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = type;
  hints.ai_family = address.empty() ? AF_INET : AF_UNSPEC;
  addrinfo* found = nullptr;
  const char* host = address.empty() ? nullptr : address.c_str();
  if (const int rc = ::getaddrinfo(host, std::to_string(port).c_str(), &hints, &found); rc != 0)
    return Error::io(cat({what, ": address not understood (", ::gai_strerror(rc), ")"}));
  UniqueFd fd(::socket(found->ai_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1, off = 0;
  if (type == SOCK_STREAM) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (found->ai_family == AF_INET6)
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  const int bound = ::bind(fd.get(), found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  if (!fd || bound != 0)
    return Error::io(cat({what, ": cannot bind (", std::strerror(errno), ")"}));
  return fd;
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
