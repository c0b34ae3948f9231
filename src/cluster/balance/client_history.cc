#include "cluster/balance/client_history.h"

#include <algorithm>

#include "base/strings.h"

namespace lb {
namespace {

constexpr unsigned kStrikesForDirect = 2;
constexpr unsigned kLoopRedirects = 2;  // given; one more would be the third
constexpr unsigned kFamilyLeast = 20;
constexpr unsigned kFamilyLost =
    4;  // a quarter: many that cannot follow do not come back to show it
constexpr unsigned kFamilyWindow = 1000;  // then what was counted weighs half
constexpr std::size_t kLongestFamily = 32;

}  // namespace

ClientKey client_key(std::string_view address, std::string_view user_agent,
                     std::string_view mount) noexcept {
  // Each part by itself, so that "a" + "bc" is not "ab" + "c".
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15ULL;
  const ClientKey key = (node_key(address) * kOdd + node_key(user_agent)) * kOdd + node_key(mount);
  return key == 0 ? 1 : key;
}

std::string user_agent_family(std::string_view user_agent) {
  std::string_view name = trim(user_agent);
  name = name.substr(0, name.find_first_of("/ (;"));
  return std::string(name.substr(0, kLongestFamily));
}

ClientHistory::Last ClientHistory::last(ClientKey key, SteadyTime now) const {
  const Client* client = clients_.peek(key);
  if (client == nullptr || now - client->when > limits_.avoid) return {};
  return {client->node, client->when};
}

ClientHistory::Verdict ClientHistory::returns(ClientKey key, std::string_view family,
                                              RedirectOutcome outcome, SteadyTime now) {
  Verdict verdict;
  verdict.served_here = !follows(family, now);
  Client* client = clients_.find(key);
  if (client == nullptr) return verdict;
  const auto since = now - client->when;
  if (since > limits_.memory) *client = Client{};
  if (since <= limits_.avoid) {
    verdict.avoid = client->node;
    if (outcome == RedirectOutcome::kArrived) {
      client->strikes = client->redirects = 0;
    } else {
      verdict.hint = true;
      if (since <= limits_.strike) ++client->strikes;
      if (outcome == RedirectOutcome::kLost && since <= limits_.strike) {
        if (Family* known = families_.find(node_key(family))) ++known->lost;
      }
    }
  }
  const bool loops = client->redirects >= kLoopRedirects && now - client->first <= limits_.loop;
  verdict.served_here = verdict.served_here || client->strikes >= kStrikesForDirect || loops;
  return verdict;
}

void ClientHistory::redirected(ClientKey key, std::string_view family, NodeKey node,
                               SteadyTime now) {
  if (key == 0) return;
  Client& client = clients_.at(key);
  if (now - client.first > limits_.loop) {
    client.first = now;
    client.redirects = 0;
  }
  ++client.redirects;
  client.node = node;
  client.when = now;
  if (family.empty()) return;
  Family& known = families_.at(node_key(family));
  ++known.redirects;
  if (known.redirects >= kFamilyLeast && known.lost > known.redirects / kFamilyLost) {
    known = Family{.rests_until = now + limits_.family_rest};
  } else if (known.redirects >= kFamilyWindow) {
    known.redirects /= 2;
    known.lost /= 2;
  }
}

bool ClientHistory::follows(std::string_view family, SteadyTime now) const {
  if (family.empty()) return true;
  const Family* known = families_.peek(node_key(family));
  return known == nullptr || now >= known->rests_until;
}

}  // namespace lb
