// The node edge1 around its sessions at masters, as small as it can be: what it carries, and
// whether it drains.
#pragma once

#include <string>

#include "cluster/link/link_bench.h"
#include "cluster/link/master_session.h"

namespace lb::test {

class FakeNodeSide final : public NodeSide {
 public:
  explicit FakeNodeSide(LinkBench& bench) : bench_(bench) {}

  // -- NodeSide
  Loop& loop() noexcept override { return bench_.loop(); }
  Log& log() noexcept override { return bench_.log(); }
  void message(MessageFrame message) override {
    bench_.report("message " + message.topic + " of " + message.from);
  }
  Rng& rng() noexcept override { return bench_.rng; }
  const std::string& own_id() const noexcept override { return id_; }
  HelloFrame hello() override {
    HelloFrame hello;
    hello.epoch = "e1";
    hello.addresses = {make_node_address(PublicScheme::kHttp, "edge1.example.org", 8000)};
    hello.capacity = {100'000, capacity, 0};
    return hello;
  }
  const LoadChanges& load() const noexcept override { return load_changes; }
  unsigned loop_ms() const noexcept override { return 3; }
  std::optional<std::uint64_t> arrivals_from(std::string_view master) const override {
    return master == "m1" ? std::optional<std::uint64_t>(77) : std::nullopt;
  }
  unsigned masters() const noexcept override { return 1; }
  DrainMode draining() const noexcept override { return drain; }
  bool flows(const std::string& mount) const override { return flowing.contains(mount); }
  void master_joined(MasterSession& session) override {
    bench_.report("linked to " + session.master_id());
  }
  void master_left(MasterSession&, const std::string& why) override {
    bench_.report("lost the master: " + why);
  }
  void streams_changed(const std::set<std::string>& mounts) override {
    changed_streams = mounts;
    bench_.report("streams");
  }
  void master_clock(const std::string&, std::chrono::milliseconds) override {}
  void remember_proof(const ProveFrame& proof) override {
    bench_.report("proof " + proof.ask + " " + proof.say);
  }
  void mount_looked_up(const std::string&, const std::string& mount, bool is_known) override {
    bench_.report("who " + mount + (is_known ? " yes" : " no"));
  }
  void execute(const MasterSession&, CommandFrame command,
               std::function<void(ResultFrame)> then) override {
    bench_.report("order " + std::string(to_text(command.verb)) + " " + command.mount);
    then({0, true, "done"});
  }

  LoadChanges load_changes;
  unsigned capacity = 500;                // listeners
  std::set<std::string> changed_streams;  // the last time
  DrainMode drain = DrainMode::kOff;
  std::set<std::string> flowing;  // mounts

 private:
  LinkBench& bench_;
  const std::string id_ = "edge1";
};

}  // namespace lb::test
