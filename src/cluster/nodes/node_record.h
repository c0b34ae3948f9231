// NodeRecord: a node of the table, for the process that replaces this one.
//
// Values that are obsolete after a second are left out: the ways of streams, which the node's next
// SNAP has; minimum loads of a node whose reports are doubted.
// Thread: plain values.
// Source: doc/architecture.md, "The hand-over".
#pragma once

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
  io(2, host, port);
  io.choice(4, kind, NodeAddress::Host::kIpv6);
}

template <class Io, RecordOf<NodeCapacity> T>
void record_fields(Io& io, T& capacity) {
  auto& [kbps, listeners, accepts, sources, ingest_kbps] = capacity;
  io(1, kbps, listeners, accepts, sources, ingest_kbps);
}

template <class Io, RecordOf<UnackedRedirects::Run> T>
void record_fields(Io& io, T& run) {
  auto& [when, kbps, redirects] = run;
  io(1, when, kbps, redirects);
}

// A mount of the node; `from` is left out.
template <class Io, RecordOf<MountLoad> T>
void record_fields(Io& io, T& load) {
  io(1, load.mount, load.listeners, load.below, load.carries, load.declined, load.enforces);
  io.choice(7, load.cannot, PullFault::kOther);
  io(8, load.free);
}

struct NodeRecord {
  NodeHello hello;  // `limits` is left out
  NodeState state = NodeState::kDead;
  NodeHeard heard;
  std::vector<UnackedRedirects::Run> unacked;
  std::vector<MountLoad> mounts;
};
template <class Io, RecordOf<NodeRecord> T>
void record_fields(Io& io, T& node) {
  auto& [hello, state, heard, unacked, mounts] = node;
  auto& [why, counts_load, counts_arrivals, loop_ms, relays, cannot, unreachable, kbps, listeners,
         issued, arrived, lost, since, last_report, sampled, sent] = heard;
  io.needed(1, hello.id);
  io(2, hello.epoch);
  io.choice(3, hello.kind, NodeKind::kStatic);
  io.choice(4, state, NodeState::kDead);
  io(5, why);
  io.choice(6, hello.scope, MountScope::kListed);
  io(7, hello.enforces, hello.addresses, hello.capacity, hello.tags, hello.countries, hello.every,
     hello.out_after, hello.proven, hello.checks_tokens, hello.keyed, counts_load, counts_arrivals,
     hello.masters, loop_ms, relays);
  io.choice(22, cannot, PullFault::kOther);
  io(23, unreachable, kbps, listeners, hello.arrivals, issued, arrived, lost, since, last_report,
     sampled, unacked, mounts, sent);
}

}  // namespace lb
