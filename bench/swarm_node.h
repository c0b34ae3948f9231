// SwarmNode: a simulated node, as a master sees it, without streams.  It holds a link to the master
// or posts; its listeners are numbers that its owner counts up and down.
// Thread: the loop's.
// Ownership: the program; Swarm outlives its nodes.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/crowd_wire.h"
#include "cluster/link/master_session.h"

namespace lb {

struct SwarmMount {
  std::string name;
  double kbps = 128;
};

// What all nodes of a program share.
struct Swarm {
  Loop loop{0, system_clock()};
  Log log{system_clock()};
  Rng rng = Rng::from_entropy();
  Resolver resolver{loop};
  Endpoint master, link;
  std::vector<SwarmMount> mounts;  // ordered by name
  bool tokens = false;             // nodes count listeners that come with a redirect
  unsigned linked = 0;
  // A node has been taken in by the master, or has lost it.
  std::function<void(const std::string& id, bool linked, const std::string& why)> on_link;
};

struct SwarmPlan {
  std::string id;  // its secret is "s-" and this
  Endpoint address;
  NodeCapacity capacity;
  std::chrono::milliseconds posts{0};  // 0: it holds a link
};

class SwarmNode final : public NodeSide {
 public:
  SwarmNode(Swarm& swarm, SwarmPlan plan);

  // A new process begins, or ends: with a farewell, or without.
  void join();
  void leave(bool farewell);
  void drain();
  void fall_silent() { silent_ = true; }  // as a host that has lost its network
  // Looks at its load, as a node does every 50 ms, and reports it.
  void tick();
  void set_listeners(std::size_t mount, unsigned listeners) {
    changed_ = changed_ || listeners_[mount] != listeners;
    listeners_[mount] = listeners;
  }
  // It has these sources of its own, or other ones.
  void announce(const std::vector<IngestRow>& rows);
  // One has come (by a redirect), or gone.
  void arrive(std::size_t mount);
  void depart(std::size_t mount);

  const SwarmPlan& plan() const noexcept { return plan_; }
  bool alive() const noexcept { return alive_; }
  unsigned run() const noexcept { return runs_; }  // of its process, from 1
  bool draining_now() const noexcept { return drains_; }
  const MasterSession* session() const noexcept { return session_.get(); }
  unsigned listeners() const noexcept { return total_; }
  double kbps() const noexcept { return kbps_; }
  const std::vector<unsigned>& by_mount() const noexcept { return listeners_; }

  Loop& loop() noexcept override { return swarm_.loop; }
  Log& log() noexcept override { return swarm_.log; }
  Rng& rng() noexcept override { return swarm_.rng; }
  const std::string& own_id() const noexcept override { return plan_.id; }
  HelloFrame hello() override;
  const LoadChanges& load() const noexcept override { return book_; }
  unsigned loop_ms() const noexcept override { return 1; }
  std::optional<std::uint64_t> arrivals_from(std::string_view) const override;
  unsigned masters() const noexcept override { return 1; }
  DrainMode draining() const noexcept override {
    return drains_ ? DrainMode::kSoft : DrainMode::kOff;
  }
  bool flows(const std::string&) const override { return false; }
  void master_clock(const std::string&, std::chrono::milliseconds) override {}
  void master_joined(MasterSession&) override;
  void master_left(MasterSession&, const std::string& why) override;
  void streams_changed(const std::set<std::string>&) override {}
  void remember_proof(const ProveFrame&) override {}
  void mount_looked_up(const std::string&, const std::string&, bool) override {}
  void execute(const MasterSession&, CommandFrame, std::function<void(ResultFrame)> then) override {
    then({});
  }
  void message(MessageFrame) override {}
  void conf(const std::string&, const ConfFrame& frame) override;
  // Keys that it has been told over this link, where that is everything; 0: not yet.
  std::size_t told() const noexcept { return told_all_ ? told_ : 0; }

 private:
  void post();
  std::string epoch() const { return "e" + std::to_string(runs_); }
  Swarm& swarm_;
  const SwarmPlan plan_;
  LoadChanges book_;
  std::unique_ptr<MasterSession> session_;
  std::unique_ptr<Wire> wire_;  // of its posts
  Timer next_post_;
  bool alive_ = false, silent_ = false, drains_ = false, linked_ = false;
  bool changed_ = true;  // what it carries
  std::size_t told_ = 0;
  bool told_all_ = false;
  unsigned runs_ = 0;
  std::uint64_t arrivals_ = 0, posts_ = 0;
  unsigned total_ = 0;
  double kbps_ = 0;
  std::vector<unsigned> listeners_;  // of each mount
};

}  // namespace lb
