#include "cluster/nodes/known_nodes.h"

namespace lb {
namespace {

NodeAddress peer_address(const Address& peer, std::uint16_t port) {
  return make_node_address(PublicScheme::kHttp, peer.ip(), port == 0 ? kIcecastPort : port);
}

bool is_peer(const NodeAddress& address, const Address& peer) {
  const auto literal = Address::parse(address.host, 0);
  return literal && literal->bytes() == peer.bytes();
}

}  // namespace

const KnownNode* KnownNodes::login(const std::optional<Credentials>& given) const {
  if (!given) return nullptr;
  const KnownNode* found = nullptr;
  for (const KnownNode& node : nodes) {
    const bool right = secret_equal(given->password, node.secret) && !node.secret.empty();
    if (right && given->user == node.id) found = &node;
  }
  return found;
}

const KnownNode* KnownNodes::node(std::string_view id) const noexcept {
  for (const KnownNode& node : nodes)
    if (node.id == id) return &node;
  return nullptr;
}

const KnownSlave* KnownNodes::slave_at(const Address& peer) const noexcept {
  for (const KnownSlave& slave : slaves)
    if (slave.address.bytes() == peer.bytes()) return &slave;
  return nullptr;
}

std::string id_of(const KnownSlave& slave) { return "legacy-" + slave.address.ip(); }

BelievedAddresses believed_addresses(const KnownNode& node, const AnnouncedAddresses& announced,
                                     const Address& peer) {
  BelievedAddresses out;
  for (const NodeAddress& address : announced.addresses) {
    // The address that it connects from is its own, so it draws no other server's listeners.
    if (node.allowed.contains(address) || is_peer(address, peer)) {
      out.addresses.push_back(address);
    } else if (out.refused.empty()) {
      out.refused = to_text(address);
    }
  }
  if (out.addresses.empty() && announced.addresses.empty() && node.allow_peer_address)
    out.addresses.push_back(peer_address(peer, announced.port));
  if (!out.addresses.empty()) return out;
  out.missing = out.refused.empty() ? "it announces no public address"
                                    : "allow-public does not name " + out.refused;
  return out;
}

BelievedAddresses believed_addresses(const KnownSlave& slave, const AnnouncedAddresses& announced) {
  BelievedAddresses out;
  if (slave.public_address) {
    out.addresses.push_back(*slave.public_address);
  } else {
    out.addresses.push_back(peer_address(slave.address, announced.port));
  }
  return out;
}

}  // namespace lb
