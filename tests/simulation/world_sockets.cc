// What the servers of a World see of it: the answers to their system calls.
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <utility>

#include "base/cat.h"
#include "wire.h"
#include "world.h"

namespace lb::sim {

World::Socket::~Socket() {
  if (other >= 0) ::close(other);
}

World::Socket* World::socket_of(int fd) const {
  const auto at = static_cast<std::size_t>(fd);
  return fd >= 0 && at < sockets_.size() ? sockets_[at].get() : nullptr;
}

void World::keep(int fd, std::shared_ptr<Socket> socket) {
  const auto at = static_cast<std::size_t>(fd);
  if (sockets_.size() <= at) sockets_.resize(at + 64);
  sockets_[at] = std::move(socket);
}

int World::make_socket() {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()) != 0)
    return -1;
  auto socket = std::make_shared<Socket>();
  socket->host = running_ == nullptr ? kOutside : running_->id;
  socket->other = pair[1];
  keep(pair[0], std::move(socket));
  return pair[0];
}

int World::connect(int fd, unsigned to, std::uint16_t port) {
  Socket* const socket = socket_of(fd);
  if (socket == nullptr || socket->other < 0 || to >= kMaxHosts) return errno = ENETUNREACH, -1;
  // Full, it is not writable until the connection stands.
  set_buffer(fd, 1);
  const std::array<char, 1024> filling{};
  while (::send(fd, filling.data(), filling.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
  }
  const auto wire = make_wire(socket->host, to, port);
  End& end = wire->ends[0];
  end.fd = std::exchange(socket->other, -1);
  end.node_fd = fd;
  end.socket = sockets_[static_cast<std::size_t>(fd)];
  socket->end = wire->id * 2;
  socket->connected = true;
  socket->peer = to;
  socket->port = port;
  knock(wire);
  errno = EINPROGRESS;
  return -1;
}

int World::bind(int fd, std::uint16_t port) {
  Socket* const socket = socket_of(fd);
  if (socket == nullptr) return errno = EBADF, -1;
  socket->port = port;
  return 0;
}

int World::listen(int fd) {
  Socket* const socket = socket_of(fd);
  if (socket == nullptr) return errno = EBADF, -1;
  socket->listens = true;
  Host& host = hosts_[socket->host];
  host.listening[socket->port] = fd;
  socket->waiting = std::exchange(host.waiting[socket->port], {});
  for (std::size_t i = 0; i < socket->waiting.size(); ++i) {
    [[maybe_unused]] const auto n = ::send(socket->other, "c", 1, MSG_NOSIGNAL);
  }
  return 0;
}

int World::accept(int fd, unsigned& from) {
  Socket* const socket = socket_of(fd);
  if (socket == nullptr) return errno = EBADF, -1;
  char one = 0;
  [[maybe_unused]] const auto n = ::recv(fd, &one, 1, MSG_DONTWAIT);
  if (socket->waiting.empty()) return errno = EAGAIN, -1;
  const auto [wire, accepted] = socket->waiting.front();
  socket->waiting.pop_front();
  auto made = std::make_shared<Socket>();
  made->host = socket->host;
  made->port = socket->port;
  from = made->peer = wire->ends[0].host;
  wire->ends[1].node_fd = accepted;
  wire->ends[1].socket = made;
  made->end = wire->id * 2 + 1;
  made->connected = true;
  keep(accepted, std::move(made));
  return accepted;
}

int World::error_of(int fd) {
  const Socket* const socket = socket_of(fd);
  return socket == nullptr ? 0 : socket->broken;
}
int World::broken(int fd) { return error_of(fd); }
std::uint16_t World::port_of(int fd) const {
  const Socket* const socket = socket_of(fd);
  return socket == nullptr ? 0 : socket->port;
}
unsigned World::host_of(int fd) const {
  const Socket* const socket = socket_of(fd);
  return socket == nullptr ? 0 : socket->host;
}
std::map<std::string, std::size_t> World::descriptors() const {
  std::set<int> known;
  for (const auto& [id, wire] : wires_)
    for (const End& end : wire->ends) {
      known.insert(end.fd);
      if (end.node_fd >= 0 && socket_of(end.node_fd) == end.socket.lock().get())
        known.insert(end.node_fd);
    }
  for (const Host& host : hosts_)
    if (host.up)
      for (const auto& [port, fd] : host.listening) known.insert(fd);
  for (const auto& socket : sockets_)
    if (socket) {
      known.insert(socket->other);  // of a listener that is gone too
      for (const auto& [wire, accepted] : socket->waiting) known.insert(accepted);
    }
  std::map<std::string, std::size_t> found;
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::atoi(each.path().filename().c_str());
    struct stat it {};
    if (::fstat(fd, &it) != 0) continue;
    if (S_ISSOCK(it.st_mode)) {
      const Socket* const lost = known.contains(fd) ? nullptr : socket_of(fd);
      ++found[lost == nullptr ? "socket"
                              : cat({"socket of host ", lost->host, " without a connection, port ",
                                     lost->port, ", peer ", lost->peer})];
    } else if (S_ISFIFO(it.st_mode)) {
      ++found["pipe"];
    } else {
      std::array<char, 256> target{};
      const ssize_t size = ::readlink(each.path().c_str(), target.data(), target.size());
      ++found[std::string(target.data(), static_cast<std::size_t>(std::max<ssize_t>(0, size)))];
    }
  }
  return found;
}
void World::forget(int fd) {
  if (has(fd)) keep(fd, nullptr);
}

void World::wrote(int fd) {
  const Socket* const socket = socket_of(fd);
  if (socket != nullptr && socket->connected) written_.insert(socket->end);
}

void World::leave(const std::vector<int>& fds) {
  for (const int fd : fds) {
    Socket* const socket = socket_of(fd);
    struct stat it {};
    if (socket == nullptr || !socket->connected || ::fstat(fd, &it) != 0) continue;
    const auto wire = wires_.find(socket->end / 2);
    if (wire == wires_.end()) continue;
    auto next = std::make_shared<Socket>();
    next->host = socket->host;
    next->port = socket->port;
    next->peer = socket->peer;
    next->error = socket->error;
    next->broken = std::exchange(socket->broken, EPIPE);
    next->end = socket->end;
    next->connected = true;
    next->user_timeout = socket->user_timeout;
    wire->second->ends[socket->end % 2].socket = next;
    leaving_[it.st_ino] = std::move(next);
  }
}

void World::comes(int fd) {
  struct stat it {};
  if (::fstat(fd, &it) != 0) return;
  const auto at = leaving_.find(it.st_ino);
  if (at == leaving_.end()) return forget(fd);
  if (const auto wire = wires_.find(at->second->end / 2); wire != wires_.end())
    wire->second->ends[at->second->end % 2].node_fd = fd;
  keep(fd, std::move(at->second));
  leaving_.erase(at);
}

// -- what is worth a look

World::Polled& World::polled(int fd) {
  const auto at = static_cast<std::size_t>(fd);
  if (polled_.size() <= at) polled_.resize(at + 64);
  return polled_[at];
}

void World::polls(int poll, int fd, bool looks) {
  polled(poll).touched |= looks;
  polled(poll).host = running_;
  Polled& it = polled(fd);
  if (!looks) {
    if (it.by == poll) it.by = -1;
    return;
  }
  it.several = it.by >= 0 && it.by != poll;
  it.by = poll;
}

void World::shuts(int fd) {
  if (Socket* const socket = socket_of(fd)) socket->closing = true;
  wrote(fd);
}

void World::closes(int fd) {
  shuts(fd);
  if (fd >= 0) polled(fd) = {};
}

void World::touch(int fd) {
  if (fd < 0) return;
  const Polled it = polled(fd);
  if (it.by >= 0 && !it.several) {
    Polled& poll = polled(it.by);
    poll.touched = true;
    if (poll.host != nullptr) poll.host->stirred = true;
  }
  if (!it.several) return;
  for (Polled& each : polled_) each.touched = true;
  for (Host& host : hosts_) host.stirred = true;
}

void World::nothing_is_ready(int poll) noexcept { polled(poll).touched = false; }

bool World::has(int fd) const { return socket_of(fd) != nullptr; }
void World::set_user_timeout(int fd, std::chrono::milliseconds time) {
  if (Socket* const socket = socket_of(fd)) socket->user_timeout = time;
}

}  // namespace lb::sim
