#include "cluster/balance/list_askers.h"

#include <algorithm>

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kServerMemory = 30min;
constexpr std::size_t kMaxServers = 4096;
constexpr std::size_t kMaxAgents = 8;  // of one address
constexpr std::size_t kLongestAgent = 200;

}  // namespace

void ListAskers::remember(const Address& peer, std::string_view agent, SteadyTime now) {
  const auto old = [now](const auto& row) { return now - row.second > kServerMemory; };
  if (servers_.size() >= kMaxServers && !servers_.contains(peer.bytes())) {
    for (auto at = servers_.begin(); at != servers_.end();) {
      std::erase_if(at->second, old);
      at = at->second.empty() ? servers_.erase(at) : std::next(at);
    }
    if (servers_.size() >= kMaxServers) return;
  }
  Agents& agents = servers_[peer.bytes()];
  if (agents.size() >= kMaxAgents) std::erase_if(agents, old);
  const std::string_view name = agent.substr(0, kLongestAgent);
  if (const auto found = agents.find(name); found != agents.end())
    found->second = now;
  else if (agents.size() < kMaxAgents)
    agents.emplace(name, now);
}

bool ListAskers::is_server(const Address& peer, std::string_view agent, bool bare,
                           SteadyTime now) const {
  if (servers_.empty()) return false;
  const auto found = servers_.find(peer.bytes());
  if (found == servers_.end()) return false;
  const auto asked = [&](std::string_view name) {
    const auto at = found->second.find(name);
    return at != found->second.end() && now - at->second <= kServerMemory;
  };
  if (!agent.empty() && asked(agent.substr(0, kLongestAgent))) return true;
  return bare && std::any_of(found->second.begin(), found->second.end(),
                             [now](const auto& row) { return now - row.second <= kServerMemory; });
}

}  // namespace lb
