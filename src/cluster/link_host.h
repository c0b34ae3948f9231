// LinkHost: what the two sides of a link need from the server around them, and tell it.
// Thread: control.  Ownership: app/cluster_links implements it; it outlives all sessions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/random.h"
#include "cluster/frame.h"
#include "cluster/known_nodes.h"
#include "cluster/load_book.h"
#include "cluster/node_table.h"
#include "cluster/offer_book.h"
#include "net/loop.h"
#include "net/resolver.h"

namespace lb {

class MasterSession;
class NodeSession;

class LinkHost {
 public:
  virtual ~LinkHost() = default;
  virtual Loop& loop() noexcept = 0;
  virtual Log& log() noexcept = 0;
  virtual Rng& rng() noexcept = 0;
  virtual const std::string& own_id() const noexcept = 0;

  // -- of a master ------------------------------------------------------------------------------
  virtual NodeTable& nodes() noexcept = 0;
  // Null: not in the configuration (any more).
  virtual const KnownNode* known_node(std::string_view id) const = 0;
  virtual const OfferBook& offers() const noexcept = 0;
  // As of this moment, whatever of it has been told to the nodes.
  virtual bool is_offered(const std::string& mount) = 0;
  virtual WelcomeFrame welcome_for(const KnownNode& node) = 0;
  // A node has been accepted; an older connection of the same process ends here, unsaid.
  virtual void node_joined(NodeSession& session) = 0;
  virtual void checks_tokens(const std::string& node, bool checks) = 0;
  // Something was told to nodes(): there may be events.
  virtual void table_told() = 0;
  // It wants to be reached at these addresses, which are allowed to it: whether it is the one who
  // answers there is found out, and those where another one does are handed to address_refused().
  virtual void try_addresses(NodeSession& session, const std::vector<NodeAddress>& addresses) = 0;
  virtual void node_answered(const std::string& node, const ResultFrame& result) = 0;
  // The last call: the session is to be destroyed.
  virtual void node_left(NodeSession& session, const std::string& why) = 0;

  // -- of a node --------------------------------------------------------------------------------
  // Without what is different for each master: the id there, and whether it sends listeners.
  virtual HelloFrame hello() = 0;
  virtual const LoadBook& load() const noexcept = 0;
  virtual unsigned loop_ms() const noexcept = 0;
  // Listeners that have come with a redirect of this master; nullopt: they are not counted.
  virtual std::optional<std::uint64_t> arrivals_from(std::string_view master) const = 0;
  virtual unsigned masters() const noexcept = 0;  // linked to
  virtual DrainMode draining() const noexcept = 0;
  // Whether data flows for a mount here, or its listeners wait for it.
  virtual bool flows(const std::string& mount) const = 0;
  virtual void master_joined(MasterSession& session) = 0;
  virtual void master_left(MasterSession& session, const std::string& why) = 0;
  virtual void streams_changed() = 0;
  virtual void remember_proof(const ProveFrame& proof) = 0;
  virtual void who_answered(const std::string& mount, bool known) = 0;
  // Calls `then` once, now or later, perhaps after the session has gone.
  virtual void execute(CommandFrame command, std::function<void(ResultFrame)> then) = 0;

  // -- of both ----------------------------------------------------------------------------------
  // from_node: from a node to us as its master; it goes on to the other nodes.
  virtual void message(MessageFrame message, bool from_node) = 0;
};

}  // namespace lb
