#include "config/settings/cluster_id.h"

#include <algorithm>

#include "base/cat.h"
#include "cluster/nodes/names.h"

namespace lb {

bool names_no_machine(const std::string& hostname) {
  return hostname.empty() || hostname == "localhost";
}

std::string id_word(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return !is_node_id(std::string_view(&c, 1)); }, '-');
  return out;
}

std::string cluster_id(const Config& config, std::string_view epoch) {
  if (is_node_id(config.cluster.id)) return config.cluster.id;
  if (names_no_machine(config.hostname)) return cat({"node-", epoch});
  return cat({id_word(config.hostname.substr(0, 48)), "-", config.port});
}

}  // namespace lb
