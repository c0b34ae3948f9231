// Connections of a World: how they begin, what is on its way, and how they end.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "wire.h"
#include "world.h"

namespace lb::sim {
namespace {

constexpr int kBuffer = 256 * 1024;

}  // namespace

std::shared_ptr<Wire> World::make_wire(unsigned from, unsigned to, std::uint16_t port) {
  auto wire = std::make_shared<Wire>();
  wire->id = next_wire_++;
  wire->port = port;
  wire->ends[0].host = from;
  wire->ends[1].host = to;
  wires_[wire->id] = wire;
  return wire;
}

std::size_t World::wires() const {
  const auto is_over = [](const End& end) {
    pollfd look{end.fd, POLLIN, 0};
    return end.gone || (end.fd >= 0 && ::poll(&look, 1, 0) > 0 && (look.revents & POLLHUP) != 0);
  };
  return static_cast<std::size_t>(
      std::count_if(wires_.begin(), wires_.end(), [&](const auto& each) {
        return !is_over(each.second->ends[0]) || !is_over(each.second->ends[1]);
      }));
}

void World::drop(const std::shared_ptr<Wire>& wire) {
  for (End& end : wire->ends)
    if (end.fd >= 0) ::close(std::exchange(end.fd, -1));
  wires_.erase(wire->id);
}

// SYN, and again after a second where nothing answers.
void World::knock(const std::shared_ptr<Wire>& wire) {
  const unsigned from = wire->ends[0].host, to = wire->ends[1].host;
  after(way(from, to), [this, wire, from, to] {
    if (wire->ends[0].gone) return drop(wire);
    if (cuts_[from][to] || cuts_[to][from]) {
      after(1s, [this, wire] {
        if (wire->ends[0].gone) return drop(wire);
        knock(wire);
      });
      return;
    }
    if (to == kOutside) {
      const auto answerer = outside_.find(wire->port);
      if (answerer == outside_.end()) return break_end(wire, 0, ECONNREFUSED), drop(wire);
      open_up(wire);
      wire->ends[1].peer = answerer->second(std::make_unique<Line>(*this, wire, 1));
      return;
    }
    Host& host = hosts_[to];
    const auto at = host.listening.find(wire->port);
    if (!host.up || at == host.listening.end()) {
      trace_.note(now_, "refused", from, to, wire->port);
      break_end(wire, 0, ECONNREFUSED);
      return drop(wire);
    }
    Socket& socket = *sockets_[static_cast<std::size_t>(at->second)];
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()) != 0)
      std::abort();
    wire->ends[1].fd = pair[1];
    socket.waiting.emplace_back(wire, pair[0]);
    [[maybe_unused]] const auto n = ::send(socket.other, "c", 1, MSG_NOSIGNAL);
    touch(at->second);
    trace_.note(now_, "connect", from, to, wire->port);
    open_up(wire);
  });
}

// The answer to the SYN is there.
void World::open_up(const std::shared_ptr<Wire>& wire) {
  after(way(wire->ends[1].host, wire->ends[0].host), [this, wire] {
    End& end = wire->ends[0];
    wire->open = true;
    if (end.peer != nullptr) {
      end.peer->connected();
    } else if (end.fd >= 0) {
      std::array<char, 4096> filling;
      while (::recv(end.fd, filling.data(), filling.size(), MSG_DONTWAIT) > 0) {
      }
      if (end.socket.lock() && sockets_[static_cast<std::size_t>(end.node_fd)] == end.socket.lock())
        set_buffer(end.node_fd, kBuffer);
      touch(end.node_fd);
      watch(wire, 0);
    }
    deliver_after(wire, 0, 0us);
  });
  if (wire->ends[1].fd >= 0) watch(wire, 1);
}

void World::watch(const std::shared_ptr<Wire>& wire, int number) {
  wire->ends[number].watched = true;
  written_.insert(wire->id * 2 + static_cast<unsigned>(number));
}

void World::collect() {
  while (!written_.empty()) {
    const std::uint64_t end = *written_.begin();
    written_.erase(written_.begin());
    const auto at = wires_.find(end / 2);
    if (at == wires_.end()) continue;
    const auto wire = at->second;
    const int number = static_cast<int>(end % 2);
    if (wire->ends[number].watched) read_from(wire, number);
  }
}

// Its server has neither closed it nor shut it down: no end comes behind what it has written.
bool World::goes_on(const End& end) {
  const auto socket = end.socket.lock();
  return socket && !socket->closing;
}

// What the server at this end has written; its end when all of that is read.
void World::read_from(const std::shared_ptr<Wire>& wire, int number) {
  End& end = wire->ends[number];
  while (end.fd >= 0) {
    std::array<char, 16384> bytes;
    const ssize_t n = ::recv(end.fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (n > 0) {
      const std::string_view text(bytes.data(), static_cast<std::size_t>(n));
      if (Peer* const peer = wire->ends[1 - number].peer; peer != nullptr && on_sent_out)
        on_sent_out(end.host, *peer, text);
      send_to(wire, 1 - number, std::string(text));
      if (n < static_cast<ssize_t>(bytes.size()) && goes_on(end)) return;
      touch(end.node_fd);  // it may have waited for room
      continue;
    }
    if (n < 0 && errno == EAGAIN) return;
    // Closed, or only that it writes no more.
    end.watched = false;
    const bool reset = n < 0;
    pollfd look{end.fd, POLLIN, 0};
    const bool closed = reset || (::poll(&look, 1, 0) > 0 && (look.revents & POLLHUP) != 0);
    if (closed || end.finished) {
      ::close(std::exchange(end.fd, -1));
      end.gone = true;
    }
    finish_to(wire, 1 - number, reset);
    const End& other = wire->ends[1 - number];
    const bool unanswered = !wire->open && number == 0 && other.peer == nullptr && other.fd < 0;
    if (end.gone && (other.gone || unanswered)) drop(wire);
    return;
  }
}

void World::send_to(const std::shared_ptr<Wire>& wire, int number, std::string bytes) {
  End& end = wire->ends[number];
  const End& from = wire->ends[1 - number];
  trace_.note(now_, "send", from.host, end.host, bytes.size());
  end.coming.push_back(
      {std::max(end.last, now_ + way(from.host, end.host)), std::move(bytes), false, false});
  end.last = end.coming.back().at;
  deliver_after(wire, number, end.last - now_);
}

void World::finish_to(const std::shared_ptr<Wire>& wire, int number, bool reset) {
  End& end = wire->ends[number];
  const End& from = wire->ends[1 - number];
  if (end.finishing) return;
  end.finishing = true;
  trace_.note(now_, reset ? "reset" : "fin", from.host, end.host, 0);
  end.coming.push_back({std::max(end.last, now_ + way(from.host, end.host)), {}, true, reset});
  end.last = end.coming.back().at;
  deliver_after(wire, number, end.last - now_);
}

void World::deliver_after(const std::shared_ptr<Wire>& wire, int number, Nanos delay) {
  after(delay, [this, wire, number] { deliver(wire, number); });
}

// All that has arrived at this end.
void World::deliver(const std::shared_ptr<Wire>& wire, int number) {
  End& end = wire->ends[number];
  End& from = wire->ends[1 - number];
  if (wires_.find(wire->id) == wires_.end()) return;
  if (number == 0 && !wire->open) return;  // it follows
  while (!end.coming.empty() && end.coming.front().at <= now_) {
    if (cuts_[from.host][end.host]) {
      judge_silence(wire, 1 - number);
      return;  // cut() goes on with it
    }
    if (cuts_[end.host][from.host]) judge_silence(wire, 1 - number);
    Piece& piece = end.coming.front();
    if (end.gone) {
      // To a socket that is not there: a reset comes back.
      end.coming.clear();
      if (!from.gone)
        after(way(end.host, from.host),
              [this, wire, number] { break_end(wire, 1 - number, ECONNRESET); });
      break;
    }
    if (piece.ends) {
      const bool reset = piece.reset;
      end.coming.pop_front();
      end.finished = true;
      if (end.peer != nullptr) {
        end.gone = true;
        std::exchange(end.peer, nullptr)->ended();
      } else if (end.fd >= 0) {
        touch(end.node_fd);
        if (reset) {
          break_end(wire, number, ECONNRESET);
        } else {
          ::shutdown(end.fd, SHUT_WR);
          if (from.finishing) {
            // Both directions have ended.
            ::close(std::exchange(end.fd, -1));
            end.gone = true;
          }
        }
      }
      break;
    }
    if (end.peer != nullptr) {
      const std::string bytes = std::move(piece.bytes);
      end.coming.pop_front();
      end.peer->received(bytes);
      continue;
    }
    if (end.fd < 0) return;
    const ssize_t n =
        ::send(end.fd, piece.bytes.data(), piece.bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    touch(end.node_fd);
    if (n < 0 && errno != EAGAIN) {
      ::close(std::exchange(end.fd, -1));
      end.gone = true;
      continue;
    }
    if (n < static_cast<ssize_t>(piece.bytes.size())) {
      // Its window is full.
      piece.bytes.erase(0, static_cast<std::size_t>(std::max<ssize_t>(0, n)));
      deliver_after(wire, number, 20ms);
      return;
    }
    end.coming.pop_front();
  }
  if (end.gone && from.gone) drop(wire);
}

// The server at this end finds its connection broken.
void World::break_end(const std::shared_ptr<Wire>& wire, int number, int error) {
  End& end = wire->ends[number];
  if (end.gone) return;
  end.gone = true;
  if (wire->ends[1 - number].gone) wires_.erase(wire->id);
  if (end.peer != nullptr) {
    std::exchange(end.peer, nullptr)->ended();
    return;
  }
  if (end.fd < 0) return;
  const auto socket = end.socket.lock();
  if (socket && socket_of(end.node_fd) == socket.get()) socket->broken = error;
  ::close(std::exchange(end.fd, -1));
  touch(end.node_fd);
}

// TCP_USER_TIMEOUT: what this end has sent is not acknowledged.
void World::judge_silence(const std::shared_ptr<Wire>& wire, int number) {
  End& end = wire->ends[number];
  const auto socket = end.socket.lock();
  if (end.gone || end.judged || !socket || socket->user_timeout.count() == 0) return;
  end.judged = true;
  after(socket->user_timeout, [this, wire, number] {
    End& it = wire->ends[number];
    const End& other = wire->ends[1 - number];
    it.judged = false;
    if (it.gone || !(cuts_[it.host][other.host] || cuts_[other.host][it.host])) return;
    if (other.coming.empty() && !cuts_[other.host][it.host]) return;
    trace_.note(now_, "timeout", it.host, other.host, wire->port);
    break_end(wire, number, ETIMEDOUT);
    finish_to(wire, 1 - number, true);
  });
}

}  // namespace lb::sim
