#include "app/topology/node_probes.h"

#include <optional>
#include <utility>

#include "base/cat.h"
#include "cluster/nodes/public_address.h"

namespace lb {
namespace {

// Enough for TLS over a far way; until then listeners are sent there.
constexpr auto kProbeTime = std::chrono::milliseconds(1500);

}  // namespace

void NodeProbes::probe(NodeSlot slot, Connector& connector) {
  const SteadyTime time = loop_.now();
  struct Where {
    NodeKey node;
    std::optional<NodeAddress> address;
  };
  const Where where = decider_.with_table([&](NodeTable& table) -> Where {
    const Node& node = table.node(slot);
    if (!node.addresses.empty() && !stopped_)
      return {node.key, node.answers ? *node.answers : node.addresses.front()};
    table.probed(slot, false, time);
    return {};
  });
  if (!where.address) return;
  const NodeAddress& address = *where.address;
  ClientRequest request;
  request.target.host = address.host;
  request.target.port = address.port;
  request.target.tls = address.scheme == PublicScheme::kHttps;
  // Any answer shows that a server runs there.
  request.head = cat({"GET /_lb/health HTTP/1.0\r\nHost: ", to_text(address),
                      "\r\nUser-Agent: icecast-lb\r\n\r\n"});
  request.connect_deadline = request.head_deadline = kProbeTime;
  Probe made{where.node, nullptr};
  made.client = std::make_unique<Client>(
      connector, std::move(request),
      [this, key = where.node](Result<ClientAnswer> answer) { probed(key, answer.has_value()); });
  probes_.push_back(std::move(made));
}

void NodeProbes::probed(NodeKey node, bool answered) {
  // Posted, because this also destroys the client that is calling.
  loop_.post([this, node] {
    std::erase_if(probes_, [node](const Probe& probe) { return probe.node == node; });
  });
  const SteadyTime time = loop_.now();
  decider_.with_table([&](NodeTable& table) {
    if (const NodeSlot slot = table.find(node); slot != kNoNode) table.probed(slot, answered, time);
  });
}

void NodeProbes::stop() {
  stopped_ = true;
  probes_.clear();
}

}  // namespace lb
