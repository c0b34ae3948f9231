// NodeSide: the functions of the server that a node's sessions with its masters call.
// Thread: control.
// Ownership: app/cluster/master_links.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "cluster/link/frame.h"
#include "cluster/link/link.h"
#include "cluster/nodes/drain_mode.h"
#include "cluster/nodes/pull_fault.h"

namespace lb {

class LoadChanges;
class MasterSession;

class NodeSide : public LinkHost {
 public:
  virtual Rng& rng() noexcept = 0;
  virtual const std::string& own_id() const noexcept = 0;

  // -- reports to a master ----------------------------------------------------------------------
  // Without the members that differ between masters: this node's id there, and wants_listeners.
  virtual HelloFrame hello() = 0;
  virtual const LoadChanges& load() const noexcept = 0;
  virtual unsigned loop_ms() const noexcept = 0;
  // Listeners that arrived with a redirect of this master; nullopt: they are not counted.
  virtual std::optional<std::uint64_t> arrivals_from(std::string_view master) const = 0;
  // At most `most` clients that have arrived with a token of its link since the last call.
  virtual std::vector<std::uint32_t> arrived_clients(std::string_view /*master*/,
                                                     std::size_t /*most*/) {
    return {};
  }
  virtual bool checks_tokens() const { return false; }
  virtual unsigned masters() const noexcept = 0;  // linked to
  virtual DrainMode draining() const noexcept = 0;
  // Why most streams of this master cannot be pulled.
  virtual PullFault cannot_pull(const MasterSession& /*session*/) const { return PullFault::kNone; }

  // -- whether its streams can be pulled --------------------------------------------------------
  // Mounts are reported only when this is known.  False: MasterSession::announce() follows.
  virtual bool knows_path(MasterSession& /*session*/) { return true; }
  // The session does not wait any longer: until it is known, the path counts as failed.
  virtual void path_overdue(MasterSession& /*session*/) {}
  // Whether data flows for a mount here, or its listeners wait for it.
  virtual bool flows(const std::string& mount) const = 0;

  // -- frames of a master -----------------------------------------------------------------------
  virtual void master_joined(MasterSession& session) = 0;
  virtual void master_left(MasterSession& session, const std::string& why) = 0;
  // The master's offers of these mounts have changed.
  virtual void streams_changed(const std::set<std::string>& mounts) = 0;
  // The master's keys for redirects to this node.
  virtual void link_keys(const std::string& /*master*/, const std::vector<TokenKey>& /*keys*/) {}
  // How far the master's wall clock is ahead of this one, as measured just now.
  virtual void master_clock(const std::string& master, std::chrono::milliseconds ahead) = 0;
  virtual void remember_proof(const ProveFrame& proof) = 0;
  // A master's answer about a mount.
  virtual void mount_looked_up(const std::string& master, const std::string& mount, bool known) = 0;
  // Items that this node enforces.
  virtual void conf(const std::string& /*master*/, const ConfFrame& /*frame*/) {}
  // An order of this master.  Calls `then` once, now or later, perhaps after the session is gone.
  virtual void execute(const MasterSession& from, CommandFrame command,
                       std::function<void(ResultFrame)> then) = 0;
  // A question of this master.  Calls `then` once, now or later, perhaps after the session is gone.
  virtual void answer(const MasterSession& /*from*/, const AskFrame& ask,
                      std::function<void(TellFrame)> then) {
    then({ask.number, {}, false, "nothing is told here"});
  }
};

}  // namespace lb
