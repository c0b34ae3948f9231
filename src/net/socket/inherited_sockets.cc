#include "net/socket/inherited_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "base/cat.h"
#include "net/address/bind_address.h"

namespace lb {
namespace {

std::optional<int> option(int fd, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(fd, SOL_SOCKET, name, &value, &size) != 0) return std::nullopt;
  return value;
}

std::optional<Address> listening_address(int fd) {
  if (option(fd, SO_TYPE) != SOCK_STREAM || option(fd, SO_ACCEPTCONN) != 1) return std::nullopt;
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return std::nullopt;
  if (address.ss_family != AF_INET && address.ss_family != AF_INET6) return std::nullopt;
  return Address::from_sockaddr(reinterpret_cast<sockaddr&>(address));
}

std::string address_text(const Address& address) {
  const std::string ip = address.ip();
  return cat({address.is_v4() ? ip : cat({"[", ip, "]"}), ":", address.port()});
}

}  // namespace

InheritedSockets::InheritedSockets(std::vector<UniqueFd> fds, std::vector<std::string>& strange) {
  for (UniqueFd& fd : fds) {
    const auto address = listening_address(fd.get());
    if (!address) {
      strange.push_back(cat({"inherited descriptor ", fd.get(),
                             " is not a listening TCP socket and has been closed"}));
      continue;
    }
    ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
    sockets_.push_back({std::move(fd), *address});
  }
}

Result<std::shared_ptr<ListenSocket>> InheritedSockets::adopt(const ListenSettings& settings,
                                                              int port, bool shoutcast,
                                                              unsigned workers) {
  const std::string& bind = settings.bind_address;
  std::optional<Address> wanted;
  if (!bind.empty() && !sockets_.empty())
    if (const auto found = address_to_bind(bind); found) wanted = *found;
  const auto fits = [&](const Address& address) {
    if (port == 0 || address.port() != port) return false;
    if (bind.empty()) return address.ip() == "0.0.0.0" || address.ip() == "::";
    return wanted && address.bytes() == wanted->bytes();
  };
  std::vector<int> found;
  for (Socket& socket : sockets_) {
    if (!fits(socket.address)) continue;
    socket.used = true;
    // A socket without a worker must not get connections.
    if (found.size() == workers) {
      ::shutdown(socket.fd.get(), SHUT_RDWR);
    } else {
      found.push_back(socket.fd.get());
    }
  }
  if (found.empty()) return std::shared_ptr<ListenSocket>();
  auto made = std::make_shared<ListenSocket>();
  made->settings = settings;
  made->shoutcast = shoutcast;
  made->port = port;
  made->inherited = true;
  std::vector<UniqueFd> fds;
  for (unsigned i = 0; i < workers; ++i) {
    fds.emplace_back(::fcntl(found[i % found.size()], F_DUPFD_CLOEXEC, 3));
    if (!fds.back())
      return Error::io(cat({"inherited socket on port ", port, ": cannot be given to a worker (",
                            std::strerror(errno), ")"}));
  }
  made->fds = std::make_shared<const std::vector<UniqueFd>>(std::move(fds));
  if (auto listening = made->listen(); !listening) return listening.error();
  return made;
}

std::vector<std::string> InheritedSockets::unused() const {
  std::vector<std::string> names;
  for (const Socket& socket : sockets_)
    if (!socket.used) names.push_back(address_text(socket.address));
  return names;
}

}  // namespace lb
