// World: time and a network for whole servers in one process: what happens next is the first of a
// heap of (time, number), and nothing waits.
//
// Servers are compiled as they are.  system_calls.cc answers their calls for time, sockets and
// randomness in this program, by the World: a socket of a server is one end of a pair of the real
// kernel, so that epoll, libevent, TLS and sendfile are real; the world has the other end, and
// carries bytes from one to another as late as it likes.
//
// Thread: one.  Ownership: Cluster has a World; there is one in the process at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "trace.h"

namespace lb::sim {

using Nanos = std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr unsigned kOutside = 0;  // the place of listeners, encoders and studios
// The wall clock when time is 0.
constexpr Nanos kWallBegins{1'700'000'000'000'000'000};

struct End;
struct Wire;

// What the process of a server sees of its machine.
struct Host {
  unsigned id = 0;
  bool up = false;      // it has a process
  bool paused = false;  // SIGSTOP
  bool touched = true;  // something may have changed in any of its loops
  bool stirred = true;  // something has run or come since Node::due() looked
  Nanos wall_offset{};
  Rng random{0};
  std::map<std::uint16_t, int> listening;  // port → descriptor
  std::map<std::uint16_t, std::deque<std::pair<std::shared_ptr<Wire>, int>>> waiting;  // likewise
};

// One end of a connection that is outside of all servers.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual void connected() {}
  virtual void received(std::string_view bytes) = 0;
  virtual void ended() = 0;  // refused, closed or broken; once, and nothing comes behind it
};

class World {
 public:
  explicit World(std::uint64_t seed, Trace& trace);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Nanos now() const noexcept { return now_; }
  Rng& random() noexcept { return random_; }
  Trace& trace() noexcept { return trace_; }
  void after(Nanos delay, std::function<void()> what);
  // The time of what comes next; Nanos::max(): nothing.
  Nanos next() const noexcept { return events_.empty() ? Nanos::max() : events_.top().at; }
  // What is due now.
  void fire();
  void go_to(Nanos time) noexcept { now_ = time; }
  // Bytes that servers have written, and connections that they have closed.
  void collect();
  // A descriptor may be ready: the loop that polls it looks at it.
  void touch(int fd);

  Host& host(unsigned id);
  static std::string ip(unsigned host);
  // Whose code runs.
  Host* running() noexcept { return running_; }
  void run_as(Host* host) noexcept {
    running_ = host;
    if (host != nullptr) host->stirred = true;
  }

  // -- what faults change
  // One way; bytes wait until it is open again.
  void cut(unsigned from, unsigned to, bool closed);
  bool is_cut(unsigned from, unsigned to) const { return cuts_[from][to]; }
  void delay(unsigned from, unsigned to, Nanos extra) { delays_[from][to] = extra; }
  // Connections between two hosts end, at both sides; half: of links the first one alone.
  void reset_between(unsigned a, unsigned b, bool half);
  // All of a host, but for what has left it; its peers hear of it by a reset.  replaced: what waits
  // to be accepted waits for the next process.
  void unplug(unsigned host, bool replaced = false);
  // Connections of these descriptors go to the next process, and these neither read nor write any
  // more.
  void leave(const std::vector<int>& fds);
  // Connections, but for those that a server has closed behind its last word to a client that
  // never closes (seed 8930): nothing asks for them any more.
  std::size_t wires() const;
  // The descriptors of the process by what they are; sockets that belong to a connection, or to a
  // listener of a server that runs, are no others.
  std::map<std::string, std::size_t> descriptors() const;

  // -- outside
  class Line;
  std::unique_ptr<Line> dial(unsigned host, std::uint16_t port, Peer& peer);
  // A server of the outside: called for each connection, says who talks to it.
  using Answerer = std::function<Peer*(std::unique_ptr<Line>)>;
  void listen_outside(std::uint16_t port, Answerer answerer) {
    if (answerer)
      outside_[port] = std::move(answerer);
    else
      outside_.erase(port);
  }
  // Each piece that a server has sent to the outside, at the moment when it was written.
  std::function<void(unsigned host, Peer& to, std::string_view bytes)> on_sent_out;

  // -- system calls (system_calls.cc)
  int make_socket();
  int connect(int fd, unsigned to, std::uint16_t port);
  int bind(int fd, std::uint16_t port);
  int listen(int fd);
  int accept(int fd, unsigned& from);
  int error_of(int fd);  // SO_ERROR
  int broken(int fd);    // what recv() and send() fail with; 0: they work
  bool has(int fd) const;
  // The number is another descriptor's now.
  void forget(int fd);
  // A server has written to it: collect() looks at it.
  void wrote(int fd);
  void shuts(int fd);
  void closes(int fd);
  // A message has brought this descriptor.
  void comes(int fd);
  // epoll_ctl(): this poll looks at it, or does no more.
  void polls(int poll, int fd, bool looks);
  // Whether what a poll has is worth a look; of the loops of one server.
  bool may_be_ready(int poll) const noexcept {
    return poll < 0 || polled_[static_cast<std::size_t>(poll)].touched;
  }
  void nothing_is_ready(int poll) noexcept;
  std::uint16_t port_of(int fd) const;
  unsigned host_of(int fd) const;
  void set_user_timeout(int fd, std::chrono::milliseconds time);

  struct Socket;

 private:
  friend class Line;
  struct Event {
    Nanos at;
    std::uint64_t number;
    std::shared_ptr<std::function<void()>> what;
    bool operator<(const Event& other) const noexcept {
      return at != other.at ? at > other.at : number > other.number;
    }
  };
  Socket* socket_of(int fd) const;
  void keep(int fd, std::shared_ptr<Socket> socket);
  bool is_leaving(const Wire& wire, int number) const;
  std::shared_ptr<Wire> make_wire(unsigned from, unsigned to, std::uint16_t port);
  void knock(const std::shared_ptr<Wire>& wire);
  void open_up(const std::shared_ptr<Wire>& wire);
  void watch(const std::shared_ptr<Wire>& wire, int end);
  void read_from(const std::shared_ptr<Wire>& wire, int end);
  static bool goes_on(const End& end);
  void send_to(const std::shared_ptr<Wire>& wire, int end, std::string bytes);
  void finish_to(const std::shared_ptr<Wire>& wire, int end, bool reset);
  void deliver(const std::shared_ptr<Wire>& wire, int end);
  void deliver_after(const std::shared_ptr<Wire>& wire, int end, Nanos delay);
  void break_end(const std::shared_ptr<Wire>& wire, int end, int error);
  void judge_silence(const std::shared_ptr<Wire>& wire, int end);
  void drop(const std::shared_ptr<Wire>& wire);
  Nanos way(unsigned from, unsigned to);

  static constexpr unsigned kMaxHosts = 12;
  Rng random_;
  Trace& trace_;
  Nanos now_{std::chrono::hours(1)};
  std::uint64_t next_number_ = 0, next_wire_ = 0;
  std::priority_queue<Event> events_;
  std::vector<Host> hosts_;
  Host* running_ = nullptr;
  std::vector<std::vector<bool>> cuts_;
  std::vector<std::vector<Nanos>> delays_;
  std::map<std::uint64_t, std::shared_ptr<Wire>> wires_;
  std::map<std::uint16_t, Answerer> outside_;
  std::vector<std::shared_ptr<Socket>> sockets_;  // by descriptor; of closed ones too
  // So that the kernel is asked only where something may have come.  By descriptor:
  struct Polled {
    int by = -1;           // the poll that looks at it
    bool several = false;  // … and others
    bool touched = true;   // of a poll
    Host* host = nullptr;  // … whose it is
  };
  Polled& polled(int fd);
  std::map<std::uint64_t, std::shared_ptr<Socket>> leaving_;  // by inode
  std::vector<Polled> polled_;
  std::set<std::uint64_t> written_;  // twice the number of a wire, and of its end
};

// One that the outside has; destroying it closes the connection.
class World::Line {
 public:
  Line(World& world, std::shared_ptr<Wire> wire, int end)
      : world_(world), wire_(std::move(wire)), end_(end) {}
  ~Line();
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  void send(std::string bytes);
  // Its end has come.
  bool is_over() const noexcept;
  // … or is on its way: the server has none of it any more.
  bool is_ending() const noexcept;

 private:
  World& world_;
  std::shared_ptr<Wire> wire_;
  int end_;
};

// The one that the system calls ask; null: there is none, and they are the system's.
World* present_world() noexcept;

}  // namespace lb::sim
