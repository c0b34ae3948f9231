#include "cluster/balance/client_history.h"

#include <algorithm>

#include "base/strings.h"

namespace lb {
namespace {

constexpr unsigned kLoopRedirects = 2;  // one more would be the third
constexpr unsigned kCrowd = 3;
constexpr std::uint32_t kMaxOwed = 8;
constexpr std::uint16_t kMaxRedirects = 60'000;  // the largest count
constexpr std::chrono::milliseconds kMoment{250};
constexpr unsigned kFamilyLeast = 20;
constexpr unsigned kFamilyLost =
    4;  // a quarter: many that cannot follow do not come back to show it
constexpr unsigned kFamilyWindow = 1000;  // older counts weigh half after so many
constexpr std::size_t kLongestFamily = 32;

}  // namespace

ClientKey client_key(std::string_view address, std::string_view user_agent,
                     std::string_view mount) noexcept {
  // Combines parts in order, so that "a" + "bc" differs from "ab" + "c".
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15ULL;
  const std::uint64_t all =
      (node_key(address) * kOdd + node_key(user_agent)) * kOdd + node_key(mount);
  const auto key = static_cast<ClientKey>(all >> 32 ^ all);
  return key == 0 ? 1 : key;
}

std::string_view user_agent_family(std::string_view user_agent) {
  const std::string_view name = trim(user_agent).substr(0, kLongestFamily);
  const auto ends = [](char c) { return c == '/' || c == ' ' || c == '(' || c == ';'; };
  std::size_t bytes = 0;
  while (bytes < name.size() && !ends(name[bytes])) ++bytes;
  return name.substr(0, bytes);
}

ClientHistory::Last ClientHistory::last(ClientKey key, SteadyTime now) const {
  const Client* client = clients_.peek(key);
  if (client == nullptr || now - client->when > limits_.avoid) return {};
  return {client->node, client->when};
}

// Early arrivals count twice: in a sudden crowd the error favours redirects.
std::uint32_t ClientHistory::Client::lost() const noexcept {
  std::uint32_t known = arrived + paid;
  for (const std::uint16_t each : young) known += each;
  return issued > known ? issued - known : 0;
}

bool ClientHistory::is_crowd(const Client& client, SteadyTime now) const noexcept {
  return now - client.when <= limits_.avoid && (client.busy || client.redirects >= kCrowd);
}

// The redirects of past moments become due.
void ClientHistory::age(Client& client, SteadyTime now) noexcept {
  const auto moment = static_cast<std::uint32_t>(now.time_since_epoch() / kMoment);
  const std::uint32_t passed = moment - client.moment;
  for (std::uint32_t i = 1; i <= std::min<std::uint32_t>(passed, kMoments); ++i)
    client.young[(client.moment + i) % kMoments] = 0;
  client.moment = moment;
}

ClientHistory::Verdict ClientHistory::weigh(Client& client, RedirectOutcome outcome, SteadyTime now,
                                            bool& lost) const {
  Verdict verdict;
  const auto since = now - client.when;
  if (since > limits_.memory) client = Client{};
  if (client.node == 0) return verdict;
  const bool crowd = is_crowd(client, now);
  const bool back = since <= limits_.avoid, soon = since <= limits_.strike;
  if (back && !crowd) verdict.avoid = client.node;
  age(client, now);
  // Confirmations are lost with a link, so only recent losses count.
  if (client.arrived > 0 && client.lost() > kMaxOwed) client.paid += client.lost() - kMaxOwed;
  // A served client listens: the next request comes from another listener, which may follow.
  const bool listens = client.served_at != SteadyTime{};
  const bool another = listens && now - client.served_at <= limits_.avoid;
  if (another) {
    client.served_at = {};
    if (client.arrived == 0) client.paid += client.lost();
  }
  verdict.served_here = client.lost() >= kStrikes;
  if (client.confirms) {
    verdict.hint = back && client.arrived < client.issued && (client.arrived == 0 || !crowd);
    lost = soon && client.arrived == 0 && client.lost() > 0;
  } else if (outcome == RedirectOutcome::kArrived) {
    client.strikes = 0;
    if (client.loops) client.redirects = 0;
  } else {
    verdict.hint = back;
    if (another) {
      const unsigned more = 2U * client.wanted;
      client.wanted = static_cast<std::uint8_t>(std::min<unsigned>(more, kMaxStrikes));
    }
    if (soon && client.strikes < kMaxStrikes) ++client.strikes;
    // A request long after a served one comes from the same client again.
    const bool again = listens && !another && client.wanted == kStrikes;
    const bool strikes = again || client.strikes >= client.wanted;
    verdict.served_here = verdict.served_here || (client.arrived == 0 && strikes);
    lost = soon && outcome == RedirectOutcome::kLost;
  }
  const bool loop = client.loops && client.arrived == 0 && client.redirects >= kLoopRedirects &&
                    now - client.first <= limits_.loop;
  verdict.served_here = verdict.served_here || loop;
  lost = lost && !client.blamed;
  return verdict;
}

ClientHistory::Verdict ClientHistory::judge(ClientKey key, std::string_view family,
                                            RedirectOutcome outcome, SteadyTime now) const {
  Verdict verdict;
  const Client* client = clients_.peek(key);
  bool lost = false;
  bool proved = false;
  if (client != nullptr) {
    Client copy = *client;
    verdict = weigh(copy, outcome, now, lost);
    proved = copy.arrived > 0;
  }
  verdict.served_here = verdict.served_here || (!proved && !follows(family, now));
  return verdict;
}

ClientHistory::Verdict ClientHistory::returns(ClientKey key, std::string_view family,
                                              RedirectOutcome outcome, SteadyTime now) {
  Verdict verdict;
  Client* client = clients_.find(key);
  bool lost = false;
  if (client != nullptr) verdict = weigh(*client, outcome, now, lost);
  const bool proved = client != nullptr && client->arrived > 0;
  verdict.served_here = verdict.served_here || (!proved && !follows(family, now));
  if (lost) {
    client->blamed = true;
    if (Family* known = families_.find(node_key(family))) ++known->lost;
  }
  return verdict;
}

void ClientHistory::served(ClientKey key, SteadyTime now) {
  Client* client = clients_.find(key);
  if (client == nullptr) return;
  if (client->arrived > 0) {
    client->paid += std::min<std::uint32_t>(client->lost(), kStrikes);
  } else {
    client->served_at = now;
    client->strikes = 0;
  }
}

bool ClientHistory::arrived(ClientKey key) {
  Client* client = clients_.find(key);
  if (client == nullptr || client->arrived >= client->issued) return false;
  ++client->arrived;
  return true;
}

void ClientHistory::redirected(ClientKey key, std::string_view family, NodeKey node, SteadyTime now,
                               Way way) {
  if (key == 0) return;
  Client& client = clients_.at(key);
  if (now - client.first > limits_.loop) {
    client.busy = is_crowd(client, now) && now - client.first <= 2 * limits_.loop;
    client.first = now;
    client.redirects = 0;
  }
  if (client.redirects < kMaxRedirects) ++client.redirects;
  client.node = node;
  client.when = now;
  client.confirms = way.confirms;
  client.loops = way.redirects;
  client.blamed = false;
  if (way.confirms) {
    age(client, now);
    ++client.issued;
    if (std::uint16_t& young = client.young[client.moment % kMoments]; young < kMaxRedirects)
      ++young;
  }
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
