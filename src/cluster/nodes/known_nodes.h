// KnownNodes: which nodes may report to this master, and the public addresses they may announce:
// the <node> and <legacy-slave> elements of <cluster>.
//
// Listeners are sent where a report says.  So a report counts only with the secret of a node, and
// only for addresses that the configuration allows to it (or the one that it connects from).  An
// old slave has no secret of its own: the configuration then has both the address that it connects
// from and the public one (doc/decisions.md C3, C4, C7).
//
// Thread: immutable after it was made; any.
// Ownership: a value; ClusterFacts and ReportIntake have copies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/nodes/node.h"
#include "cluster/nodes/public_address.h"
#include "http/credentials.h"
#include "net/address/address.h"

namespace lb {

struct KnownNode {
  std::string id;
  std::string secret;
  AllowedAddresses allowed;
  bool allow_peer_address = false;  // the address that it connects from, with the port it reports
  NodeLimits limits;
  std::vector<std::string> sources;  // patterns of mounts that the node may be a source of
};

struct KnownSlave {
  Address address;                            // that it connects from; the port is ignored
  std::optional<NodeAddress> public_address;  // none: `address`, with the port it reports
  NodeLimits limits;
};

class KnownNodes {
 public:
  std::vector<KnownNode> nodes;
  std::vector<KnownSlave> slaves;

  // The node that has this name and secret; every secret is compared in the same time.
  const KnownNode* login(const std::optional<Credentials>& given) const;
  const KnownNode* node(std::string_view id) const noexcept;
  const KnownSlave* slave_at(const Address& peer) const noexcept;
  bool empty() const noexcept { return nodes.empty() && slaves.empty(); }
};

// The id of a <legacy-slave> in the table.
std::string id_of(const KnownSlave& slave);

struct AnnouncedAddresses {
  const std::vector<NodeAddress>& addresses;
  std::uint16_t port = 0;  // without addresses: the port at the connecting address; 0: not given
};
struct BelievedAddresses {
  std::vector<NodeAddress> addresses;
  std::string refused;  // the first announced address that is not allowed; "": none
  std::string missing;  // why it has no address at all; "": it has one
};
// The announced addresses that the node is allowed to have.
BelievedAddresses believed_addresses(const KnownNode& node, const AnnouncedAddresses& announced,
                                     const Address& peer);
BelievedAddresses believed_addresses(const KnownSlave& slave, const AnnouncedAddresses& announced);

}  // namespace lb
