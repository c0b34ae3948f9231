#include "app/topology/cluster_facts.h"

namespace lb {

std::vector<std::chrono::milliseconds> MasterClocks::of(std::uint8_t tag) const {
  std::vector<std::chrono::milliseconds> out;
  for (const auto& [id, offset] : ahead)
    if (token_tag(id) == tag) out.push_back(offset);
  if (out.empty()) out.push_back(std::chrono::milliseconds(0));
  return out;
}

}  // namespace lb
