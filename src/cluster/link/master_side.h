// MasterSide: the functions of the server that a master's sessions with its nodes call.
// Thread: control.
// Ownership: app/cluster/node_links.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/link/frame.h"
#include "cluster/link/link.h"
#include "cluster/link/replica.h"
#include "cluster/nodes/known_nodes.h"

namespace lb {

class NodeSession;
class RedirectDecider;

class MasterSide : public LinkHost {
 public:
  virtual RedirectDecider& decider() noexcept = 0;
  // Null: the node is not, or no longer, in the configuration.
  virtual const KnownNode* known_node(std::string_view id) const = 0;
  // This master's offers, which are its own rows.
  virtual Replica<StreamOffer>& offers() noexcept = 0;
  // Whether a listener hears it here now; nodes may not have been sent a change of offers yet.
  virtual bool is_heard(const std::string& mount) = 0;
  virtual WelcomeFrame welcome_for(const KnownNode& node) = 0;
  // A node has been accepted; an older connection of the same process ends here, without a BYE.
  virtual void node_joined(NodeSession& session) = 0;
  // Probes each address, all of them allowed to the node; address_tried() follows.
  virtual void try_addresses(NodeSession& session, const std::vector<NodeAddress>& addresses,
                             std::chrono::milliseconds round_trip) = 0;
  // False: nothing asked for it, or no longer.
  virtual bool node_answered(const std::string& node, const ResultFrame& result) = 0;
  virtual bool node_reported(const std::string& /*node*/, const TellFrame& /*told*/) {
    return false;
  }
  // The last call: destroys the session.
  virtual void node_left(NodeSession& session, const std::string& why) = 0;
};

}  // namespace lb
