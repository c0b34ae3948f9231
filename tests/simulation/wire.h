// Wire: one connection of a World, and the sockets that servers have of it.
// Thread: one.  Ownership: World.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "world.h"

namespace lb::sim {

struct Piece {
  Nanos at{};
  std::string bytes;
  bool ends = false, reset = false;
};

struct End {
  unsigned host = 0;
  int fd = -1;       // the world's end of the pair
  int node_fd = -1;  // the server's
  std::weak_ptr<World::Socket> socket;
  Peer* peer = nullptr;
  std::deque<Piece> coming;  // to this end
  Nanos last{};              // of them
  bool watched = false, judged = false;
  bool finishing = false;  // its end is on the way to this end
  bool finished = false;   // … and has come
  bool gone = false;       // there is no socket at this end any more
};

struct Wire {
  std::uint64_t id = 0;
  std::uint16_t port = 0;
  std::array<End, 2> ends;  // the one that connects first
  bool open = false;
};

// What a descriptor of a server is.
struct World::Socket {
  Socket() = default;
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  unsigned host = 0;
  int other = -1;  // the world's end, as long as there is no wire
  std::uint16_t port = 0;
  unsigned peer = 0;
  bool listens = false;
  int error = 0, broken = 0;
  std::uint64_t end = 0;  // twice the number of its wire, and of its end; with a connection
  bool connected = false, closing = false;
  std::chrono::milliseconds user_timeout{0};
  std::deque<std::pair<std::shared_ptr<Wire>, int>> waiting;  // to be accepted
};

// Past system_calls.cc.
void set_buffer(int fd, int bytes);

}  // namespace lb::sim
