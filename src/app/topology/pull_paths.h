// PullPaths: whether the streams of each linked master can be pulled from here; see
// cluster/relay/pull_path.h.
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
  // The path of this session is known now, or has changed.
  using Changed = std::function<void(const MasterSession&, const PullPath&)>;
  PullPaths(Connector& connector, Rng& rng, Changed changed)
      : connector_(connector), rng_(rng), changed_(std::move(changed)) {}

  // False: the path is probed, Changed follows.  True: the master has no streams.
  bool probe(const MasterSession& session);
  // Counts as failed until the server answers.
  void give_up_waiting(const MasterSession& session);
  // A stream could not be pulled from this server: its path is probed again.
  void doubt(const ConnectTarget& server);
  // Why nothing can be pulled from there, whatever the mount; kNone: it can, or it is not known.
  PullFault fault_to(const ConnectTarget& server) const;
  // Why most of the streams that this master offers cannot be pulled.  unable: the mounts here that
  // cannot be pulled; revision: another one whenever they are others.
  PullFault fault_of_most(const MasterSession& session, const Faults& unable,
                          std::uint64_t revision) const;

  // Paths of other sessions end.
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
  // What was found when all streams of a session were last looked through.
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
