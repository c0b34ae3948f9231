// arrival_stage(): takes the token of a redirect out of a request, before other stages see it,
// checks it, and keeps what it says in the request's context.
// Source: doc/redirects.md; doc/decisions.md C1.
//
// Cost without a token: a look at the query for "lb=".
#include <optional>

#include "app/cluster/cluster_service.h"
#include "app/join/stages.h"
#include "app/request/asked_address.h"
#include "app/request/past_ask.h"
#include "app/request/request_context.h"
#include "app/services/worker.h"

namespace lb {
namespace {

// What a token says about the way so far, besides the redirect itself.
void take_way(Arrival& arrival, const RedirectToken& token) {
  arrival.way = token.hops == RedirectToken::kBack    ? Arrival::Way::kSentBack
                : token.hops == RedirectToken::kAgain ? Arrival::Way::kStays
                                                      : Arrival::Way::kFirst;
  arrival.sent_back_by = token.master;
}

// By a token that lets no one in where tokens do, and confirms no redirect.
void take_word(Arrival& arrival, const ClusterFacts& facts) {
  if (facts.redirects && facts.require == TokenRequire::kOff)
    arrival.token = Arrival::Token::kValid;
}

bool unproved(RedirectToken::Verdict verdict) noexcept {
  return verdict == RedirectToken::Verdict::kForged || verdict == RedirectToken::Verdict::kForeign;
}

// Whether it is still good, the clock of the master says that signed it, and ours may be another.
void judge_time(const Network& network, RedirectToken& read, WallTime now) {
  for (const auto ahead : network.cluster->master_clocks()->of(read.master)) {
    read.verdict = read.verdict_at(now + ahead);
    if (read.verdict == RedirectToken::Verdict::kValid) break;
  }
}

// A node has sent the listener back.  Whatever the clocks say: it was signed by ours, and lets no
// one in.
bool says_back(const RedirectToken& token) noexcept {
  return !unproved(token.verdict) && token.hops == RedirectToken::kBack;
}

RedirectToken check_token(const Network& network, const TokenKeys& keys, std::string_view token,
                          const std::string& name, const std::string& mount) {
  const WallTime now = network.clock.wall();
  RedirectToken read = keys.check(token, name, mount, now);
  if (!unproved(read.verdict)) judge_time(network, read, now);
  return read;
}

// Of a master that this node is linked to: proved like any other, whatever keys are configured.
RedirectToken check_of_link(const Network& network, std::string_view token,
                            const std::string& mount) {
  const WallTime now = network.clock.wall();
  const auto keys = network.cluster->by_link().keys();
  RedirectToken read;
  if (keys->empty()) return read;
  read = check_link_token(token, *keys, mount, now);
  if (!unproved(read.verdict)) judge_time(network, read, now);
  return read;
}

// A peer that has not our keys has redirected them, or they say so: with the open key, or with keys
// of its own, which we cannot check.  That is worth the same: any peer can sign with the open one.
std::optional<RedirectToken> said_way(const Network& network, const ClusterFacts& facts,
                                      std::string_view token, const std::string& mount) {
  const WallTime now = network.clock.wall();
  for (const std::string& name : facts.names) {
    const RedirectToken open = check_token(network, facts.open_keys, token, name, mount);
    if (says_back(open) || open.verdict == RedirectToken::Verdict::kValid) return open;
    if (open.verdict != RedirectToken::Verdict::kForeign || open.hops == RedirectToken::kOfList ||
        facts.keys.check(token, name, mount, now).verdict != RedirectToken::Verdict::kForeign)
      continue;
    for (const auto ahead : network.cluster->master_clocks()->of(open.master))
      if (open.verdict_at(now + ahead) == RedirectToken::Verdict::kValid) return open;
  }
  return std::nullopt;
}

// The mount that an address is of, as the token of its redirect names it.
std::string signed_mount(const Network& network, const std::string& path) {
  if (network.mounts.find(path)) return path;
  const auto past = past_of_path(path);
  return past ? past->mount : mount_of_address(path);
}

}  // namespace

Verdict arrival_stage(Worker& worker, Connection& connection) {
  Request& request = connection.request();
  if (request.query.find("lb=") == std::string::npos) return Verdict::kNext;
  const auto token = take_token(request.query);
  if (!token) return Verdict::kNext;
  request.query_was_cut();
  const auto facts = worker.services.cluster->facts();
  // Signed for the mount, whatever is asked of it.
  const std::string mount = signed_mount(worker.services, request.path);
  RedirectToken best = check_of_link(worker.services, *token, mount);
  const bool of_link = !unproved(best.verdict);
  for (const std::string& name : facts->names) {
    if (!unproved(best.verdict)) break;
    best = check_token(worker.services, facts->keys, *token, name, mount);
  }
  Arrival& arrival = connection.context().arrival;
  // They are served here, or refused, as any client is that says that it is a relay.  Where tokens
  // let people in, it lets no one in.  That they have been sent back, or are not to be, any peer
  // may say: it lets no one in either.
  if (unproved(best.verdict)) {
    if (const auto said = said_way(worker.services, *facts, *token, mount)) {
      take_way(arrival, *said);
      if (said->hops == RedirectToken::kBack) return Verdict::kNext;
      take_word(arrival, *facts);
      return Verdict::kNext;
    }
  }
  // One of the two clocks has just been set, and is not measured again yet: what the token says of
  // the way holds, or peers would pass the listener round.  It lets no one in either.
  const bool early = best.verdict == RedirectToken::Verdict::kEarly;
  const bool back = says_back(best);
  if (best.verdict == RedirectToken::Verdict::kValid || early || back) take_way(arrival, best);
  if (early && !back) {
    take_word(arrival, *facts);
    return Verdict::kNext;
  }
  arrival.redirected_by = best.master;
  if (best.verdict != RedirectToken::Verdict::kValid || back) return Verdict::kNext;
  arrival.token = of_link ? Arrival::Token::kValid : Arrival::Token::kOurs;
  arrival.client = best.client;
  arrival.confirms = best.hops != RedirectToken::kOfList;
  return Verdict::kNext;
}

}  // namespace lb
