// Node: one whole server in a World, turned by hand: its loops, its process and what befalls it.
// Thread: one.  Ownership: Cluster.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/server.h"
#include "world.h"

namespace lb::sim {

class HostClock final : public Clock {
 public:
  HostClock(World& world, Host& host) : world_(world), host_(host) {}
  SteadyTime steady() const noexcept override { return SteadyTime(world_.now()); }
  WallTime wall() const noexcept override {
    return WallTime(std::chrono::duration_cast<WallTime::duration>(world_.now() + kWallBegins +
                                                                   host_.wall_offset));
  }
  std::chrono::nanoseconds thread_work() const noexcept override { return {}; }

 private:
  World& world_;
  Host& host_;
};

class Node {
 public:
  // directory: where its configuration and logs lie.
  Node(World& world, unsigned host, std::string id, std::string directory, std::string config);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  void start();
  void kill();
  // The next process goes on with all that goes over in an upgrade, but for recordings.
  // False: not at this moment.
  bool hand_over();
  void stop_politely();
  void pause(bool paused);
  bool up() const noexcept { return server_ != nullptr; }
  // It has a process that runs.
  bool lives() const noexcept { return up() && !host_.paused; }

  // Its loops do not come to rest.
  bool restless() const noexcept { return restless_; }
  // When its last pause was over.
  Nanos went_on() const noexcept { return went_on_; }

  // Until all its loops would sleep.
  void turn();
  // When it has something to do next.
  Nanos due() noexcept;

  // What it keeps, by name: how many of them.
  std::map<std::string, std::size_t> tables();

  const std::string& id() const noexcept { return id_; }
  unsigned host() const noexcept { return host_.id; }
  Services& services() { return server_->services(); }
  // Calls what() as its process.
  template <class What>
  auto as(What what) {
    const Running running(*this);
    return what();
  }

 private:
  struct Running {
    explicit Running(Node& node) : world(node.world_), before(node.world_.running()) {
      world.run_as(&node.host_);
    }
    ~Running() { world.run_as(before); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    World& world;
    Host* before;
  };
  struct Turned {
    Loop* loop;
    Nanos due;
    std::uint64_t posted;
    int poll;  // its loop's epoll; -1: not known yet
  };
  void make();
  void go(std::unique_ptr<TakeOver> before = nullptr);
  void find_loops();
  bool turn_loop(Turned& one);
  bool wants_turn(const Turned& one) const noexcept;
  void beat(std::uint64_t life);
  void free();

  World& world_;
  Host& host_;
  HostClock clock_;
  const std::string id_, directory_;
  std::unique_ptr<Server> server_;
  const bool archives_;  // it may have loops that begin late
  std::vector<Turned> loops_;
  std::uint64_t life_ = 0;
  Nanos went_on_{};
  Nanos due_{};  // until something stirs
  bool restless_ = false;
};

}  // namespace lb::sim
