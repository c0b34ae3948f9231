#include "app/topology/pull_paths.h"

#include "cluster/link/linked_streams.h"
#include "cluster/link/master_session.h"

namespace lb {

bool PullPaths::probe(const MasterSession& session) {
  const auto target = session.streams_target();
  if (!target) {
    paths_.erase(&session);
    return true;
  }
  auto& path = paths_[&session];
  if (!path || !(path->target() == *target))
    path = std::make_unique<PullPath>(connector_, rng_, *target, [this, of = &session] {
      if (const auto known = paths_.find(of); known != paths_.end()) changed_(*of, *known->second);
    });
  path->prove();
  return false;
}

void PullPaths::give_up_waiting(const MasterSession& session) {
  if (const auto path = paths_.find(&session); path != paths_.end())
    path->second->give_up_waiting();
}

void PullPaths::doubt(const ConnectTarget& server) {
  for (const auto& [session, path] : paths_)
    if (path->target() == server) path->doubt();
}

PullFault PullPaths::fault_to(const ConnectTarget& server) const {
  for (const auto& [session, path] : paths_)
    if (path->target() == server) return path->fault();
  return PullFault::kNone;
}

PullFault PullPaths::fault_of_most(const MasterSession& session, const Faults& unable,
                                   std::uint64_t revision) const {
  const auto path = paths_.find(&session);
  const PullFault way = path == paths_.end() ? PullFault::kNone : path->second->fault();
  if (unable.empty() && way == PullFault::kNone) return way;
  const LinkedStreams& streams = session.streams();
  const auto [at, fresh] = most_.try_emplace(&session);
  Most& most = at->second;
  if (!fresh && most.unable == revision && most.streams == streams.revision() && most.way == way)
    return most.fault;
  most = {revision, streams.revision(), way, way};
  std::size_t offered = 0, failing = 0;
  PullFault fault = way;
  for (const auto& [mount, stream] : streams.streams()) {
    if (stream.state == OfferState::kWithdrawn) continue;
    ++offered;
    const auto found = unable.find(mount);
    if (found == unable.end()) continue;
    ++failing;
    if (fault == PullFault::kNone) fault = found->second;
  }
  if (offered > 0) most.fault = 2 * failing > offered ? fault : PullFault::kNone;
  return most.fault;
}

}  // namespace lb
