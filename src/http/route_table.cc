#include "http/route_table.h"

#include <algorithm>

namespace lb {
namespace {

bool matches(std::string_view pattern, std::string_view path) noexcept {
  return pattern.ends_with('*') ? path.starts_with(pattern.substr(0, pattern.size() - 1))
                                : path == pattern;
}

std::size_t second_byte(std::string_view path) noexcept {
  return path.size() < 2 ? 0 : static_cast<unsigned char>(path[1]);
}

// If two patterns match a path, the nearer one has all stages of the other.
bool is_nearer(std::string_view a, std::string_view b) noexcept {
  const auto rank = [](std::string_view pattern) {
    return pattern.ends_with('*') ? 2 * pattern.size() - 2 : 2 * pattern.size() + 1;
  };
  return rank(a) > rank(b);
}

}  // namespace

RouteTable::RouteTable(const std::vector<Route>& routes) {
  chains_.push_back({"*", {}});
  for (const Route& route : routes) {
    for (const std::string_view path : route.paths) {
      chains_.push_back({path, {}});
      begins_.set(second_byte(path));
    }
  }
  std::stable_sort(chains_.begin(), chains_.end(),
                   [](const Chain& a, const Chain& b) { return is_nearer(a.pattern, b.pattern); });
  for (Chain& chain : chains_)
    for (const Route& route : routes)
      if (route.paths.empty() ||
          std::any_of(route.paths.begin(), route.paths.end(),
                      [&](std::string_view path) { return matches(path, chain.pattern); }))
        chain.stages.push_back(route.stage);
}

std::span<Stage* const> RouteTable::stages_for(std::string_view path) const noexcept {
  if (!begins_[second_byte(path)]) return chains_.back().stages;
  return std::find_if(chains_.begin(), chains_.end(),
                      [path](const Chain& chain) { return matches(chain.pattern, path); })
      ->stages;
}

}  // namespace lb
