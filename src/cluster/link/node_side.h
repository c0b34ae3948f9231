// NodeSide: what the sessions of this node at its masters need from the server around them, and
// report to it.
// Thread: control.
// Ownership: app/cluster/master_links implements it; it outlives all sessions.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "cluster/link/link_host.h"
#include "cluster/link/load_changes.h"

namespace lb {

class MasterSession;

class NodeSide : public LinkHost {
 public:
  virtual Rng& rng() noexcept = 0;
  virtual const std::string& own_id() const noexcept = 0;

  // -- reports to a master ----------------------------------------------------------------------
  // Without what differs from master to master: the id there, and whether it sends listeners.
  virtual HelloFrame hello() = 0;
  virtual const LoadChanges& load() const noexcept = 0;
  virtual unsigned loop_ms() const noexcept = 0;
  // Listeners that arrived with a redirect of this master; nullopt: they are not counted.
  virtual std::optional<std::uint64_t> arrivals_from(std::string_view master) const = 0;
  // The clients of those that have arrived with a token of its link since the last call, so many at
  // most.
  virtual std::vector<std::uint32_t> arrived_clients(std::string_view /*master*/,
                                                     std::size_t /*most*/) {
    return {};
  }
  virtual bool checks_tokens() const { return false; }
  virtual unsigned masters() const noexcept = 0;  // linked to
  virtual DrainMode draining() const noexcept = 0;
  // Why most of the streams that this master offers cannot be pulled.
  virtual PullFault cannot_pull(const MasterSession& /*session*/) const { return PullFault::kNone; }

  // -- whether its streams can be pulled --------------------------------------------------------
  // What is carried is reported only when this is known.  False: MasterSession::announce() is
  // called later.
  virtual bool knows_path(MasterSession& /*session*/) { return true; }
  // The session waits no longer.
  virtual void path_overdue(MasterSession& /*session*/) {}
  // Whether data flows for a mount here, or its listeners wait for it.
  virtual bool flows(const std::string& mount) const = 0;

  // -- frames of a master -----------------------------------------------------------------------
  virtual void master_joined(MasterSession& session) = 0;
  virtual void master_left(MasterSession& session, const std::string& why) = 0;
  // What it offers of these mounts is different.
  virtual void streams_changed(const std::set<std::string>& mounts) = 0;
  // The keys by which it signs redirects to this node.
  virtual void link_keys(const std::string& /*master*/, const std::vector<TokenKey>& /*keys*/) {}
  // How far the master's wall clock is ahead of this one, as measured just now.
  virtual void master_clock(const std::string& master, std::chrono::milliseconds ahead) = 0;
  virtual void remember_proof(const ProveFrame& proof) = 0;
  virtual void mount_looked_up(const std::string& mount, bool known) = 0;
  // What this node is to enforce.
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
