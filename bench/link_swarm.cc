// Many nodes in one process, for one master: how much memory and time links cost it.
//   link-swarm HOST CLUSTER-PORT NODES MOUNTS SECONDS [CHANGES [RECORDS]]
// The nodes are n0, n1 …, their secrets s-n0, s-n1 …; each carries MOUNTS mounts, and every second
// the listeners of CHANGES of them change (a hundredth of them).  Prints when all are linked, when
// each has been told RECORDS keys by CONF or more, again after each time that links were lost, and
// at the end what went over the wire for a node and second.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bench/swarm_node.h"

using namespace lb;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
  if (argc < 6 || argc > 8) {
    std::fprintf(stderr,
                 "usage: link-swarm HOST CLUSTER-PORT NODES MOUNTS SECONDS [CHANGES [RECORDS]]\n");
    return 2;
  }
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[2]));
  const unsigned count = static_cast<unsigned>(std::atoi(argv[3]));
  const unsigned mounts = static_cast<unsigned>(std::atoi(argv[4]));
  const std::chrono::seconds time(std::atoi(argv[5]));
  const unsigned changes = argc >= 7 ? static_cast<unsigned>(std::atoi(argv[6])) : mounts / 100 + 1;
  const auto records = static_cast<std::size_t>(argc == 8 ? std::atoi(argv[7]) : 0);
  Swarm swarm;
  static_cast<void>(swarm.log.open(LogSettings{}));
  swarm.link = {argv[1], port};
  swarm.tokens = true;
  swarm.on_link = [](const std::string& id, bool linked, const std::string& why) {
    if (!linked) std::fprintf(stderr, "%s: %s\n", id.c_str(), why.c_str());
  };
  for (unsigned i = 0; i < mounts; ++i)
    swarm.mounts.push_back({"/mount" + std::to_string(100'000 + i) + ".mp3", 128});
  std::vector<std::unique_ptr<SwarmNode>> nodes;
  for (unsigned i = 0; i < count; ++i) {
    const Endpoint address{"n" + std::to_string(i) + ".example.org", 8000};
    nodes.push_back(std::make_unique<SwarmNode>(
        swarm, SwarmPlan{"n" + std::to_string(i), address, {1e6, 5000, 0}, 0ms}));
  }
  const SteadyTime begin = swarm.loop.now();
  for (const auto& node : nodes) {
    node->join();
    for (unsigned i = 0; i < mounts; ++i) node->set_listeners(i, 3);
  }
  unsigned turn = 0;
  bool all = false, told = false;
  SteadyTime counted = begin;
  Timer tick(swarm.loop, [&] {
    // A twentieth of the nodes each time, so that every node changes once a second.
    for (unsigned i = 0; i < count; ++i) {
      for (unsigned change = 0; i % 20 == turn % 20 && change < changes; ++change)
        nodes[i]->set_listeners((turn * 7 + change * 97) % mounts, 3 + (turn + change) % 5);
      nodes[i]->tick();
    }
    ++turn;
    const SteadyTime now = swarm.loop.now();
    if (!all && swarm.linked == count) {
      all = true;
      counted = now;
      std::printf("all %u linked after %.0f ms\n", count,
                  std::chrono::duration<double, std::milli>(now - begin).count());
      std::fflush(stdout);
    }
    const bool told_now = records > 0 && swarm.linked == count &&
                          std::all_of(nodes.begin(), nodes.end(), [records](const auto& node) {
                            return node->told() >= records;
                          });
    if (told_now && !told) {
      std::printf("told all %u\n", count);
      std::fflush(stdout);
    }
    told = told_now;
    if (now - begin >= time) swarm.loop.stop();
    tick.after(50ms);
  });
  tick.after(0us);
  swarm.loop.run();
  std::uint64_t in = 0, out = 0;
  for (const auto& node : nodes)
    if (const Link* link = node->session() == nullptr ? nullptr : node->session()->link()) {
      in += link->bytes_in();
      out += link->bytes_out();
    }
  const double seconds = std::chrono::duration<double>(swarm.loop.now() - counted).count();
  std::printf("a node and second: %.0f bytes to the master, %.0f from it (without TLS and TCP)\n",
              static_cast<double>(out) / count / seconds,
              static_cast<double>(in) / count / seconds);
  return swarm.linked == count ? 0 : 1;
}
