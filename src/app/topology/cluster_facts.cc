#include "app/topology/cluster_facts.h"

#include <algorithm>

namespace lb {

std::vector<std::chrono::milliseconds> MasterClocks::of(std::uint8_t tag) const {
  std::vector<std::chrono::milliseconds> out;
  for (const auto& [id, offset] : ahead)
    if (token_tag(id) == tag) out.push_back(offset);
  if (out.empty()) out.push_back(std::chrono::milliseconds(0));
  return out;
}

std::chrono::milliseconds MasterClocks::of(std::string_view id) const {
  const auto known = ahead.find(id);
  return known == ahead.end() ? std::chrono::milliseconds(0) : known->second;
}

std::chrono::milliseconds MasterClocks::nearest() const {
  const auto found = std::min_element(ahead.begin(), ahead.end(), [](const auto& a, const auto& b) {
    return std::chrono::abs(a.second) < std::chrono::abs(b.second);
  });
  return found == ahead.end() ? std::chrono::milliseconds(0) : found->second;
}

}  // namespace lb
