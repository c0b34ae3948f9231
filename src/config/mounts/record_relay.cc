#include "config/mounts/record_relay.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/cat.h"
#include "config/load/checks.h"
#include "config/load/filler.h"
#include "config/settings/relay_hosts.h"

namespace lb {
namespace {

constexpr std::size_t kMaxRelayHosts = 16;
constexpr std::string_view kRelayPointer = "/relay", kHostRow = "host", kServerRow = "server";

std::vector<const XmlNode*> hosts_in(const XmlNode& relay) {
  std::vector<const XmlNode*> hosts;
  for (const XmlNode& child : relay.children)
    if (child.name == kHostRow) hosts.push_back(&child);
  return hosts;
}

bool says_attribute(const XmlNode& node, std::string_view name) {
  return std::any_of(node.attributes.begin(), node.attributes.end(),
                     [name](const XmlAttribute& one) { return one.name == name; });
}

bool says_child(const XmlNode& node, std::string_view name) {
  return std::any_of(node.children.begin(), node.children.end(),
                     [name](const XmlNode& one) { return one.name == name; });
}

}  // namespace

void check_record_relay(const MountRecord& record, RecordReader& reader) {
  const std::string at(kRelayPointer);
  const auto hosts = hosts_in(record.relay);
  const bool all_named =
      !hosts.empty() && std::all_of(hosts.begin(), hosts.end(), [](const XmlNode* host) {
        return says_attribute(*host, kServerRow);
      });
  if (!all_named && !says_child(record.relay, kServerRow))
    reader.fault(at + "/server", "is missing; a relay is pulled from a server");
  if (hosts.size() > kMaxRelayHosts)
    reader.fault(at + "/host",
                 cat({"has ", hosts.size(), " servers (limit ", kMaxRelayHosts, ")"}));
  if (!can_connect(record_relay(record, false)))
    reader.fault(at + "/port", "is missing; it has to be written");
}

RelaySettings record_relay(const MountRecord& record, bool on_demand) {
  RelaySettings relay;
  relay.on_demand = on_demand;
  relay.host.mount = record.mount;
  Filler filler;  // the record was checked when it was read
  filler.fill(kRelayBlock, &relay, record.relay, "relay");
  const auto hosts = hosts_in(record.relay);
  inherit_from_relay(relay, [&hosts](std::size_t i, std::string_view name) {
    return i < hosts.size() && says_attribute(*hosts[i], name);
  });
  relay.local_mount = record.mount;
  return relay;
}

}  // namespace lb
