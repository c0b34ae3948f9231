// PullPaths: whether streams of each linked master can be pulled from here
// (cluster/relay/pull_path.h).
// Thread: control.
// Ownership: MasterLinks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "cluster/relay/pull_path.h"

namespace lb {

class MasterSession;

class PullPaths {
 public:
  using Faults = std::map<std::string, PullFault, std::less<>>;  // by mount
  // Called when the path of this session is found or changes.
  using Changed = std::function<void(const MasterSession&, const PullPath&)>;
  PullPaths(Connector& connector, Rng& rng, Changed changed)
      : connector_(connector), rng_(rng), changed_(std::move(changed)) {}

  // False: a probe has started, and Changed follows.  True: the master has no streams.
  bool probe(const MasterSession& session);
  // Counts the path as failed until the server answers.
  void give_up_waiting(const MasterSession& session);
  // Probes the path to this server again, because a pull has failed.
  void doubt(const ConnectTarget& server);
  // Why nothing can be pulled from there; kNone: it can, or this is unknown.
  PullFault fault_to(const ConnectTarget& server) const;
  // Why most of the streams that this master offers cannot be pulled.  unable: the failing mounts
  // here; revision: changes with them.
  PullFault fault_of_most(const MasterSession& session, const Faults& unable,
                          std::uint64_t revision) const;

  // Drops the paths of all other sessions.
  template <class Keep>
  void keep_if(Keep&& keep) {
    std::erase_if(paths_, [&](const auto& path) { return !keep(path.first); });
    std::erase_if(most_, [&](const auto& most) { return !keep(most.first); });
  }
  void clear() {
    paths_.clear();
    most_.clear();
  }

 private:
  // The result of the last run over all streams of a session.
  struct Most {
    std::uint64_t unable = 0, streams = 0;  // their revisions
    PullFault way = PullFault::kNone, fault = PullFault::kNone;
  };
  Connector& connector_;
  Rng& rng_;
  const Changed changed_;
  std::map<const MasterSession*, std::unique_ptr<PullPath>> paths_;
  mutable std::map<const MasterSession*, Most> most_;
};

}  // namespace lb
