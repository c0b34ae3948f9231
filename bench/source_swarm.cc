// Nodes that have sources, in one process, for one master: they announce them and send no stream.
//   source-swarm HOST CLUSTER-PORT NODES SOURCES SECONDS
// The nodes are n0, n1 …, their secrets s-n0, s-n1 …; each announces SOURCES mounts /n0/100000.mp3
// … Prints "linked" when all are, and announces one mount more, /n0/more.mp3, for each line that it
// reads.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bench/swarm_node.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

constexpr unsigned kMaxSources = 20'000;  // the link takes no more of one node

IngestRow row_of(const std::string& node, const std::string& name) {
  IngestRow row;
  row.mount = "/" + node + "/" + name + ".mp3";
  row.at = node;
  row.state = IngestState::kOn;
  row.source = true;
  return row;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: source-swarm HOST CLUSTER-PORT NODES SOURCES SECONDS\n");
    return 2;
  }
  const unsigned count = static_cast<unsigned>(std::atoi(argv[3]));
  const unsigned sources = std::min(static_cast<unsigned>(std::atoi(argv[4])), kMaxSources);
  Swarm swarm;
  static_cast<void>(swarm.log.open(LogSettings{}));
  swarm.link = {argv[1], static_cast<std::uint16_t>(std::atoi(argv[2]))};
  std::vector<std::unique_ptr<SwarmNode>> nodes;
  for (unsigned i = 0; i < count; ++i) {
    const Endpoint address{"127.0.0.1", static_cast<std::uint16_t>(9000 + i)};
    nodes.push_back(std::make_unique<SwarmNode>(
        swarm, SwarmPlan{"n" + std::to_string(i), address, {1e6, 5000, 0}, 0ms}));
  }
  swarm.on_link = [&](const std::string& id, bool linked, const std::string& why) {
    if (!linked) std::fprintf(stderr, "%s: %s\n", id.c_str(), why.c_str());
    if (!linked) return;
    std::vector<IngestRow> rows;
    for (unsigned i = 0; i < sources; ++i) rows.push_back(row_of(id, std::to_string(100'000 + i)));
    for (const auto& node : nodes)
      if (node->plan().id == id)
        // Not from inside: the link greets first.
        swarm.loop.post([node = node.get(), rows] { node->announce(rows); });
    if (swarm.linked == count) {
      std::printf("linked\n");
      std::fflush(stdout);
    }
  };
  for (const auto& node : nodes) node->join();
  const SteadyTime begin = swarm.loop.now();
  Timer tick(swarm.loop, [&] {
    for (const auto& node : nodes) node->tick();
    if (swarm.loop.now() - begin >= std::chrono::seconds(std::atoi(argv[5]))) swarm.loop.stop();
    tick.after(50ms);
  });
  tick.after(0us);
  unsigned more = 0;
  struct Asked {
    SwarmNode& node;
    unsigned& more;
    Watch watch{};
    void on_line(short) {
      char line[64];
      if (::read(STDIN_FILENO, line, sizeof line) <= 0) return watch.stop();
      node.announce({row_of("n0", "more" + std::to_string(more++))});
    }
  } asked{*nodes.front(), more};
  asked.watch.start<&Asked::on_line>(swarm.loop, STDIN_FILENO, EV_READ, &asked);
  swarm.loop.run();
  return swarm.linked == count ? 0 : 1;
}
