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

// A mount of the node.
struct CarriedRecord {
  std::string mount;
  std::uint32_t listeners = 0, below = 0;
  bool carries = true, declined = false;
  ProtectionSet enforces = 0;
  PullFault cannot = PullFault::kNone;
  std::uint32_t free = MountLoad::kUnlimited;
};
template <class Io, RecordOf<CarriedRecord> T>
void record_fields(Io& io, T& carried) {
  auto& [mount, listeners, below, carries, declined, enforces, cannot, free] = carried;
  io(1, mount);
  io(2, listeners);
  io(3, below);
  io(4, carries);
  io(5, declined);
  io(6, enforces);
  io.choice(7, cannot, PullFault::kOther);
  io(8, free);
}

struct NodeRecord {
  std::string id, epoch;
  NodeKind kind = NodeKind::kLink;
  NodeState state = NodeState::kDead;
  std::string why;
  MountScope scope = MountScope::kAll;
  ProtectionSet enforces = 0;
  std::vector<NodeAddress> addresses;
  NodeCapacity capacity;
  std::vector<std::string> tags, countries;
  std::chrono::milliseconds every{250}, out_after{0};
  bool proven = true, checks_tokens = false, keyed = false;
  bool counts_load = true, counts_arrivals = false;
  std::uint32_t masters = 1, loop_ms = 0, relays = 0;
  PullFault cannot = PullFault::kNone;
  bool unreachable = false;
  double kbps = 0, listeners = 0;  // reported
  std::optional<std::uint64_t> arrivals;
  std::uint64_t issued = 0, arrived = 0, lost = 0;
  SteadyTime since{}, last_report{}, sampled{};
  std::vector<UnackedRedirects::Run> unacked;
  std::vector<CarriedRecord> mounts;
  SentLately sent;
};
template <class Io, RecordOf<NodeRecord> T>
void record_fields(Io& io, T& node) {
  auto& [id, epoch, kind, state, why, scope, enforces, addresses, capacity, tags, countries, every,
         out_after, proven, checks_tokens, keyed, counts_load, counts_arrivals, masters, loop_ms,
         relays, cannot, unreachable, kbps, listeners, arrivals, issued, arrived, lost, since,
         last_report, sampled, unacked, mounts, sent] = node;
  io.needed(1, id);
  io(2, epoch);
  io.choice(3, kind, NodeKind::kStatic);
  io.choice(4, state, NodeState::kDead);
  io(5, why);
  io.choice(6, scope, MountScope::kListed);
  io(7, enforces);
  io(8, addresses);
  io(9, capacity);
  io(10, tags);
  io(11, countries);
  io(12, every);
  io(13, out_after);
  io(14, proven);
  io(15, checks_tokens);
  io(16, keyed);
  io(17, counts_load);
  io(18, counts_arrivals);
  io(19, masters);
  io(20, loop_ms);
  io(21, relays);
  io.choice(22, cannot, PullFault::kOther);
  io(23, unreachable);
  io(24, kbps);
  io(25, listeners);
  io(26, arrivals);
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
