// A master around the sessions of its nodes, as small as it can be: a table, the nodes edge1 and
// edge2 of its configuration, and what it offers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cluster/balance/redirect_decider.h"
#include "cluster/link/link_bench.h"
#include "cluster/link/node_session.h"

namespace lb::test {

class FakeMasterSide final : public MasterSide {
 public:
  explicit FakeMasterSide(LinkBench& bench) : bench_(bench) {
    KnownNode edge1;
    edge1.id = "edge1";
    edge1.secret = "s-edge1";
    edge1.allowed = *AllowedAddresses::parse("edge1.example.org:8000");
    KnownNode edge2 = edge1;
    edge2.id = "edge2";
    edge2.secret = "s-edge2";
    known.nodes = {edge1, edge2};
  }

  // -- MasterSide
  Loop& loop() noexcept override { return bench_.loop(); }
  Log& log() noexcept override { return bench_.log(); }
  void message(MessageFrame message) override {
    bench_.report("node's message " + message.topic + " of " + message.from);
  }
  RedirectDecider& decider() noexcept override { return decider_; }
  const KnownNode* known_node(std::string_view id) const override { return known.node(id); }
  Replica<StreamOffer>& offers() noexcept override { return offered; }
  bool is_heard(const std::string& mount) override {
    return offered.find({mount, false, ""}) != nullptr;
  }
  WelcomeFrame welcome_for(const KnownNode&) override {
    WelcomeFrame welcome;
    welcome.id = "m1";
    welcome.epoch = "77e0";
    welcome.http_port = 8000;
    return welcome;
  }
  void node_joined(NodeSession& session) override {
    bench_.report("joined " + session.id());
    session.send_offers();
    for (const auto& other : sessions)
      if (other.get() != &session && other->joined() && other->id() == session.id())
        other->replaced();
  }
  void take_events() {
    const auto events = decider_.with_table([](NodeTable& inside) { return inside.take_events(); });
    for (const NodeEvent& event : events)
      bench_.report(std::string(to_text(event.kind)) + " " + event.id +
                    (event.why.empty() ? "" : ": " + event.why));
  }
  void try_addresses(NodeSession& session, const std::vector<NodeAddress>& addresses,
                     std::chrono::milliseconds) override {
    for (const NodeAddress& address : addresses)
      bench_.report("try " + origin_of(address) + " of " + session.id());
  }
  bool node_answered(const std::string& node, const ResultFrame& result) override {
    bench_.report(node + " answers " + std::to_string(result.number) + " " + result.why);
    return result.number == awaited;
  }
  void node_left(NodeSession& session, const std::string& why) override {
    bench_.report("left " + session.id() + ": " + why);
    std::erase_if(sessions, [&](const auto& each) { return each.get() == &session; });
  }

  // -- for tests
  std::uint64_t awaited = 0;  // the number of an order whose answer is awaited
  void offer(StreamOffer one) { offered.set_own({one.mount, false, ""}, one); }
  void add_node(std::string id, std::unique_ptr<Transport> transport, std::string leftover = "") {
    sessions.push_back(std::make_unique<NodeSession>(*this, std::move(id), std::move(transport),
                                                     std::move(leftover)));
  }

 private:
  LinkBench& bench_;
  RedirectDecider decider_{NodeTable::Settings{}, BalanceSettings{}, Rng(1), bench_.loop().now(),
                           [this] { take_events(); }};

 public:
  // Tests have one thread.
  NodeTable& table = *decider_.with_table([](NodeTable& inside) { return &inside; });
  KnownNodes known;
  Replica<StreamOffer> offered{{}, {}};
  std::vector<std::unique_ptr<NodeSession>> sessions;
};

}  // namespace lb::test
