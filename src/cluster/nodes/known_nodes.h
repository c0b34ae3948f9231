// KnownNodes: which nodes may report to this master, and the public addresses they may announce:
// the <node> and <legacy-slave> elements of <cluster>.
//
// A listener goes where a report says.  So a report counts only with the secret of a node, and only
// for addresses that the configuration allows to that node (or the one that it demonstrably
// connects from); an old slave has no secret of its own: there the configuration knows both the
// address that it connects from and the public one (doc/decisions.md C3, C4, C7).
//
// Thread: immutable after it was made; any.
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
  std::vector<std::string> sources;  // patterns of mounts whose stream may come from it
};

struct KnownSlave {
  Address address;                            // that it connects from; the port is not looked at
  std::optional<NodeAddress> public_address;  // none: that one, with the port it reports
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

// Under which id a <legacy-slave> stands in the table.
std::string id_of(const KnownSlave& slave);

struct AnnouncedAddresses {
  const std::vector<NodeAddress>& addresses;
  std::uint16_t port = 0;  // where it names none: of the one that it connects from; 0: not said
};
struct BelievedAddresses {
  std::vector<NodeAddress> addresses;
  std::string refused;  // the first one that it announced and may not; "": none
  std::string missing;  // why there is none at all; "": there is
};
// From what a node announces, what it may.
BelievedAddresses believed_addresses(const KnownNode& node, const AnnouncedAddresses& announced,
                                     const Address& peer);
BelievedAddresses believed_addresses(const KnownSlave& slave, const AnnouncedAddresses& announced);

}  // namespace lb
