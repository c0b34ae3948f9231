// NodeRecord: a node of the table of one process, as the process that replaces it goes on with it.
//
// What is of no use after a second is left out: the ways of streams before a node, which its next
// SNAP tells; floors of a load that is not believed.
// Thread: plain values.
// Source: doc/architecture.md, "The hand-over".
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/record.h"
#include "cluster/nodes/carriers.h"
#include "cluster/nodes/node.h"
#include "cluster/nodes/sent_lately.h"

namespace lb {

template <class Io, RecordOf<NodeAddress> T>
void record_fields(Io& io, T& address) {
  auto& [scheme, host, port, kind] = address;
  io.choice(1, scheme, PublicScheme::kHttps);
  io(2, host);
  io(3, port);
  io.choice(4, kind, NodeAddress::Host::kIpv6);
}

template <class Io, RecordOf<NodeCapacity> T>
void record_fields(Io& io, T& capacity) {
  auto& [kbps, listeners, accepts, sources, ingest_kbps] = capacity;
  io(1, kbps);
  io(2, listeners);
  io(3, accepts);
  io(4, sources);
  io(5, ingest_kbps);
}

template <class Io, RecordOf<UnackedRedirects::Run> T>
void record_fields(Io& io, T& run) {
  auto& [when, kbps, redirects] = run;
  io(1, when);
  io(2, kbps);
  io(3, redirects);
}

// A mount of the node; `from` is left out.
template <class Io, RecordOf<MountLoad> T>
void record_fields(Io& io, T& load) {
  io(1, load.mount);
  io(2, load.listeners);
  io(3, load.below);
  io(4, load.carries);
  io(5, load.declined);
  io(6, load.enforces);
  io.choice(7, load.cannot, PullFault::kOther);
  io(8, load.free);
}

struct NodeRecord {
  NodeHello hello;  // `limits` is left out
  NodeState state = NodeState::kDead;
  std::string why;
  bool counts_load = true, counts_arrivals = false;
  std::uint32_t loop_ms = 0, relays = 0;
  PullFault cannot = PullFault::kNone;
  bool unreachable = false;
  double kbps = 0, listeners = 0;  // reported
  std::uint64_t issued = 0, arrived = 0, lost = 0;
  SteadyTime since{}, last_report{}, sampled{};
  std::vector<UnackedRedirects::Run> unacked;
  std::vector<MountLoad> mounts;
  SentLately sent;
};
template <class Io, RecordOf<NodeRecord> T>
void record_fields(Io& io, T& node) {
  auto& [hello, state, why, counts_load, counts_arrivals, loop_ms, relays, cannot, unreachable,
         kbps, listeners, issued, arrived, lost, since, last_report, sampled, unacked, mounts,
         sent] = node;
  io.needed(1, hello.id);
  io(2, hello.epoch);
  io.choice(3, hello.kind, NodeKind::kStatic);
  io.choice(4, state, NodeState::kDead);
  io(5, why);
  io.choice(6, hello.scope, MountScope::kListed);
  io(7, hello.enforces);
  io(8, hello.addresses);
  io(9, hello.capacity);
  io(10, hello.tags);
  io(11, hello.countries);
  io(12, hello.every);
  io(13, hello.out_after);
  io(14, hello.proven);
  io(15, hello.checks_tokens);
  io(16, hello.keyed);
  io(17, counts_load);
  io(18, counts_arrivals);
  io(19, hello.masters);
  io(20, loop_ms);
  io(21, relays);
  io.choice(22, cannot, PullFault::kOther);
  io(23, unreachable);
  io(24, kbps);
  io(25, listeners);
  io(26, hello.arrivals);
  io(27, issued);
  io(28, arrived);
  io(29, lost);
  io(30, since);
  io(31, last_report);
  io(32, sampled);
  io(33, unacked);
  io(34, mounts);
  io(35, sent);
}

}  // namespace lb
