// A server around links, as small as it can be: a table, what is offered and carried, and what was
// told.  Master and node are the same one, on one loop.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cluster/link_server.h"
#include "cluster/master_session.h"
#include "cluster/node_session.h"
#include "stream/support.h"

namespace lb::test {

class LinkGround final : public LinkHost {
 public:
  LinkGround() {
    KnownNode edge1;
    edge1.id = "edge1";
    edge1.secret = "s-edge1";
    edge1.allowed = *AllowedAddresses::parse("edge1.example.org:8000");
    KnownNode edge2 = edge1;
    edge2.id = "edge2";
    edge2.secret = "s-edge2";
    known.nodes = {edge1, edge2};
    my_hello.id = "edge1";
    my_hello.epoch = "e1";
    my_hello.addresses = {make_node_address(PublicScheme::kHttp, "edge1.example.org", 8000)};
    my_hello.capacity = {100'000, 500, 0};
  }

  // -- LinkHost
  Loop& loop() noexcept override { return loop_; }
  Log& log() noexcept override { return book.log; }
  Rng& rng() noexcept override { return rng_; }
  const std::string& own_id() const noexcept override { return my_hello.id; }
  NodeTable& nodes() noexcept override { return table; }
  const KnownNode* known_node(std::string_view id) const override { return known.node(id); }
  const OfferBook& offers() const noexcept override { return offer_book; }
  bool is_offered(const std::string& mount) override { return offer_book.has(mount); }
  WelcomeFrame welcome_for(const KnownNode&) override {
    WelcomeFrame welcome;
    welcome.id = "m1";
    welcome.epoch = "77e0";
    welcome.http_port = 8000;
    return welcome;
  }
  void node_joined(NodeSession& session) override { said("joined " + session.id()); }
  void checks_tokens(const std::string& node, bool checks) override {
    if (checks) said(node + " checks tokens");
  }
  void table_told() override {
    for (const NodeEvent& event : table.take_events())
      said(std::string(to_text(event.kind)) + " " + event.id +
           (event.why.empty() ? "" : ": " + event.why));
  }
  void try_addresses(NodeSession& session, const std::vector<NodeAddress>& addresses) override {
    for (const NodeAddress& address : addresses)
      said("try " + origin_of(address) + " of " + session.id());
  }
  void remember_proof(const ProveFrame& proof) override {
    said("proof " + proof.ask + " " + proof.say);
  }
  void node_answered(const std::string& node, const ResultFrame& result) override {
    said(node + " answers " + std::to_string(result.number) + " " + result.why);
  }
  void node_left(NodeSession& session, const std::string& why) override {
    said("left " + session.id() + ": " + why);
    std::erase_if(nodes_, [&](const auto& each) { return each.get() == &session; });
  }
  HelloFrame hello() override { return my_hello; }
  const LoadBook& load() const noexcept override { return load_book; }
  unsigned loop_ms() const noexcept override { return 3; }
  std::optional<std::uint64_t> arrivals_from(std::string_view master) const override {
    return master == "m1" ? std::optional<std::uint64_t>(77) : std::nullopt;
  }
  unsigned masters() const noexcept override { return 1; }
  DrainMode draining() const noexcept override { return drain; }
  bool flows(const std::string&) const override { return false; }
  void master_joined(MasterSession& session) override { said("linked to " + session.master_id()); }
  void master_left(MasterSession&, const std::string& why) override {
    said("lost the master: " + why);
  }
  void streams_changed() override { said("streams"); }
  void who_answered(const std::string& mount, bool is_known) override {
    said("who " + mount + (is_known ? " yes" : " no"));
  }
  void execute(CommandFrame command, std::function<void(ResultFrame)> then) override {
    said("order " + std::string(to_text(command.verb)) + " " + command.mount);
    then({0, true, "done"});
  }
  void message(MessageFrame message, bool from_node) override {
    said((from_node ? "node's message " : "message ") + message.topic + " of " + message.from);
  }

  // -- for tests
  void add_node(std::string id, std::unique_ptr<Transport> transport, std::string leftover = "") {
    nodes_.push_back(std::make_unique<NodeSession>(*this, std::move(id), std::move(transport),
                                                   std::move(leftover)));
  }
  std::vector<std::unique_ptr<NodeSession>>& sessions() { return nodes_; }
  void said(std::string what) { told.push_back(std::move(what)); }
  bool was_said(const std::string& what) const {
    return std::find(told.begin(), told.end(), what) != told.end();
  }
  std::string all_told() const {
    std::string out;
    for (const std::string& each : told) out += each + "\n";
    return out;
  }
  void turn(std::chrono::milliseconds time = std::chrono::milliseconds(2)) {
    Timer later(loop_, [] {});
    later.after(time);
    while (later.armed()) loop_.run_once(true);
  }
  template <class Condition>
  bool until(Condition condition) {
    for (int i = 0; i < 2000 && !condition(); ++i) turn(std::chrono::milliseconds(1));
    return condition();
  }

  FakeClock clock;  // wall and steady of the tests that need it

 private:
  Loop loop_{0, system_clock()};
  Rng rng_{1};

 public:
  LogBook book{system_clock()};
  NodeTable table{NodeTable::Settings{}, loop_.now()};
  KnownNodes known;
  OfferBook offer_book;
  LoadBook load_book;
  HelloFrame my_hello;
  DrainMode drain = DrainMode::kOff;
  std::vector<std::string> told;

 private:
  std::vector<std::unique_ptr<NodeSession>> nodes_;
};

inline std::shared_ptr<const ListenSocket> link_socket() {
  ListenSettings settings;
  settings.bind_address = "127.0.0.1";
  auto socket = ListenSocket::open(settings, 0, false, 1);
  if (!socket) std::abort();
  return *socket;
}

}  // namespace lb::test
