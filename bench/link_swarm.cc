// Many nodes in one process, for one master: how much memory and time links cost it.
//   link-swarm HOST CLUSTER-PORT NODES MOUNTS SECONDS
// The nodes are n0, n1 …, their secrets s-n0, s-n1 …; each carries MOUNTS mounts, and every second
// the listeners of a hundredth of them change.  Prints when all are linked, and at the end what went
// over the wire for a node and second.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "cluster/master_session.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

struct Shared {
  Loop loop{0, system_clock()};
  Log log{system_clock()};
  Rng rng{1};
  Resolver resolver{loop};
  NodeTable table{NodeTable::Settings{}, loop.now()};
  OfferBook offers;
  unsigned linked = 0;
};

class SwarmNode final : public LinkHost {
 public:
  SwarmNode(Shared& shared, std::string host, std::uint16_t port, std::string id)
      : shared_(shared), id_(std::move(id)) {
    LinkPlan plan;
    plan.link.target = {host, port, true, ""};
    plan.link.id = id_;
    plan.link.secret = "s-" + id_;
    plan.streams.host = host;
    LinkClient::Doors doors;
    doors.user_agent = [] { return std::string("link-swarm"); };
    session_ = std::make_unique<MasterSession>(*this, shared.resolver, plan, std::move(doors));
  }
  void start() { session_->start(); }
  void carry(const std::vector<LoadBook::Carried>& carried) {
    const bool urgent = book_.update(carried, shared_.loop.now());
    session_->load_changed(urgent);
  }
  void tick() { session_->load_changed(false); }
  const MasterSession& session() const { return *session_; }

  Loop& loop() noexcept override { return shared_.loop; }
  Log& log() noexcept override { return shared_.log; }
  Rng& rng() noexcept override { return shared_.rng; }
  const std::string& own_id() const noexcept override { return id_; }
  NodeTable& nodes() noexcept override { return shared_.table; }
  const KnownNode* known_node(std::string_view) const override { return nullptr; }
  const OfferBook& offers() const noexcept override { return shared_.offers; }
  bool is_offered(const std::string&) override { return false; }
  WelcomeFrame welcome_for(const KnownNode&) override { return {}; }
  void node_joined(NodeSession&) override {}
  void checks_tokens(const std::string&, bool) override {}
  void table_told() override {}
  void try_addresses(NodeSession&, const std::vector<NodeAddress>&) override {}
  void node_answered(const std::string&, const ResultFrame&) override {}
  void node_left(NodeSession&, const std::string&) override {}
  HelloFrame hello() override {
    HelloFrame hello;
    hello.epoch = "e";
    hello.addresses = {make_node_address(PublicScheme::kHttp, id_ + ".example.org", 8000)};
    hello.capacity = {1e6, 5000, 0};
    return hello;
  }
  const LoadBook& load() const noexcept override { return book_; }
  unsigned loop_ms() const noexcept override { return 1; }
  std::optional<std::uint64_t> arrivals_from(std::string_view) const override { return 0; }
  unsigned masters() const noexcept override { return 1; }
  DrainKind draining() const noexcept override { return DrainKind::kOff; }
  bool flows(const std::string&) const override { return false; }
  void master_joined(MasterSession&) override { ++shared_.linked; }
  void master_left(MasterSession&, const std::string& why) override {
    std::fprintf(stderr, "%s: %s\n", id_.c_str(), why.c_str());
    --shared_.linked;
  }
  void streams_changed() override {}
  void remember_proof(const ProveFrame&) override {}
  void who_answered(const std::string&, bool) override {}
  void execute(CommandFrame, std::function<void(ResultFrame)> then) override { then({}); }
  void message(MessageFrame, bool) override {}

 private:
  Shared& shared_;
  const std::string id_;
  LoadBook book_;
  std::unique_ptr<MasterSession> session_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: link-swarm HOST CLUSTER-PORT NODES MOUNTS SECONDS\n");
    return 2;
  }
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[2]));
  const unsigned count = static_cast<unsigned>(std::atoi(argv[3]));
  const unsigned mounts = static_cast<unsigned>(std::atoi(argv[4]));
  const std::chrono::seconds time(std::atoi(argv[5]));
  Shared shared;
  static_cast<void>(shared.log.open(LogSettings{}));
  std::vector<std::string> names;
  for (unsigned i = 0; i < mounts; ++i) names.push_back("/mount" + std::to_string(100'000 + i) + ".mp3");
  std::vector<LoadBook::Carried> carried;
  for (const std::string& name : names) carried.push_back({name, 3, 128, true});
  std::vector<std::unique_ptr<SwarmNode>> nodes;
  for (unsigned i = 0; i < count; ++i) {
    nodes.push_back(std::make_unique<SwarmNode>(shared, argv[1], port, "n" + std::to_string(i)));
    nodes.back()->carry(carried);
  }
  const SteadyTime begin = shared.loop.now();
  for (const auto& node : nodes) node->start();
  unsigned turn = 0;
  bool all = false;
  SteadyTime counted = begin;
  Timer tick(shared.loop, [&] {
    // A twentieth of the nodes each time, so that every node changes once a second.
    for (unsigned i = 0; i < count; ++i) {
      if (i % 20 != turn % 20) {
        nodes[i]->tick();
        continue;
      }
      for (unsigned change = 0; change < mounts / 100 + 1; ++change)
        carried[(turn * 7 + change * 97) % mounts].listeners = 3 + (turn + change) % 5;
      nodes[i]->carry(carried);
    }
    ++turn;
    const SteadyTime now = shared.loop.now();
    if (!all && shared.linked == count) {
      all = true;
      counted = now;
      std::printf("all %u linked after %.0f ms\n", count, std::chrono::duration<double, std::milli>(now - begin).count());
      std::fflush(stdout);
    }
    if (now - begin >= time) shared.loop.stop();
    tick.after(50ms);
  });
  tick.after(0us);
  shared.loop.run();
  std::uint64_t in = 0, out = 0;
  for (const auto& node : nodes)
    if (const Link* link = node->session().link()) {
      in += link->bytes_in();
      out += link->bytes_out();
    }
  const double seconds = std::chrono::duration<double>(shared.loop.now() - counted).count();
  std::printf("a node and second: %.0f bytes to the master, %.0f from it (without TLS and TCP)\n",
              static_cast<double>(out) / count / seconds, static_cast<double>(in) / count / seconds);
  return shared.linked == count ? 0 : 1;
}
