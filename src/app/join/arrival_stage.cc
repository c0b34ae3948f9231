// arrival_stage(): takes the token of a redirect out of a request before other stages see it,
// checks it, and keeps its contents in the request's context.  A request without a token costs one
// search for "lb=" in the query.
// Source: doc/redirects.md; doc/decisions.md C1.
#include <optional>

#include "app/cluster/cluster_service.h"
#include "app/join/stages.h"
#include "app/request/asked_address.h"
#include "app/request/past_ask.h"
#include "app/request/request_context.h"
#include "app/services/worker.h"

namespace lb {
namespace {

// Keeps the path of redirects so far, which the token carries besides its own redirect.
void take_way(Arrival& arrival, const RedirectToken& token) {
  arrival.way = token.hops == RedirectToken::kBack    ? Arrival::Way::kSentBack
                : token.hops == RedirectToken::kAgain ? Arrival::Way::kStays
                                                      : Arrival::Way::kFirst;
  arrival.sent_back_by = token.master;
}

// Accepts a token without full proof only where tokens are not required.  It confirms no redirect.
void take_word(Arrival& arrival, const ClusterFacts& facts) {
  if (facts.redirects && facts.require == TokenRequire::kOff)
    arrival.token = Arrival::Token::kValid;
}

bool unproved(RedirectToken::Verdict verdict) noexcept {
  return verdict == RedirectToken::Verdict::kForged || verdict == RedirectToken::Verdict::kForeign;
}

// Judges the expiry by the clock of the master that signed; ours may differ.
void judge_time(const Network& network, RedirectToken& read, WallTime now) {
  for (const auto ahead : network.cluster->master_clocks()->of(read.master)) {
    read.verdict = read.verdict_at(now + ahead);
    if (read.verdict == RedirectToken::Verdict::kValid) break;
  }
}

// A node has sent the listener back.  The clocks do not matter here: the token was signed by our
// cluster, and a token of this kind admits no listener.
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

// Checks a token of a linked master, which proves itself whatever keys are configured.
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

// The token was signed with the open key, by a peer without our keys, or with keys that cannot be
// checked here.  Both are worth the same: any peer can sign with the open key.
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

// The mount that a path belongs to; the token of a redirect names that.
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
  // The token names the mount, also where a path of its HLS or its past is asked for.
  const std::string mount = signed_mount(worker.services, request.path);
  RedirectToken best = check_of_link(worker.services, *token, mount);
  const bool of_link = !unproved(best.verdict);
  for (const std::string& name : facts->names) {
    if (!unproved(best.verdict)) break;
    best = check_token(worker.services, facts->keys, *token, name, mount);
  }
  Arrival& arrival = connection.context().arrival;
  // An unproved token counts like a client's own claim to be a relay: it prevents a second
  // redirect.  It never admits a listener where tokens are required, and neither does its claim
  // that a node sent the listener back.
  if (unproved(best.verdict)) {
    if (const auto said = said_way(worker.services, *facts, *token, mount)) {
      take_way(arrival, *said);
      if (said->hops == RedirectToken::kBack) return Verdict::kNext;
      take_word(arrival, *facts);
      return Verdict::kNext;
    }
  }
  // A clock was set a moment ago and has not been measured since.  The path that the token carries
  // still counts, or peers would redirect the listener in a circle; the token admits no listener.
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
