// ClientHistory: what a master remembers of listeners that it has redirected, to notice where
// a redirect does not help: a node that is dead although it seems well, a player that does not
// follow.
//
// A client is (address, User-Agent, mount).  Behind one address there may be many listeners with
// the same player, so nothing here forbids anything: a returning client is sent to another node, a
// node is probed before it is believed to be out of reach, and serving here is bounded by the
// direct budget.
//   back within 15 s                 not the same node; without its confirmation, a hint against it
//   within 5 s, not confirmed        a strike; at two the client is served here
//   a third redirect within 10 s     served here: the parameter of the redirect gets lost, a loop
//   of 20 redirects of a family of   none of this family is redirected for 24 h
//   players, more than a quarter
//   proved lost by such returns
//
// Bounds: bounded tables (recent_table.h); the oldest entry makes room.
// Thread: one at a time.
// Ownership: Balancer.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "cluster/balance/recent_table.h"
#include "cluster/nodes/node_table.h"

namespace lb {

using ClientKey = std::uint64_t;  // 0: not known, nothing is remembered
ClientKey client_key(std::string_view address, std::string_view user_agent,
                     std::string_view mount) noexcept;
// "VLC/3.0.18 LibVLC/3.0.18" → "VLC": the first product, without its version.
std::string user_agent_family(std::string_view user_agent);

class ClientHistory {
 public:
  struct Limits {
    std::size_t clients = 65'536;
    std::size_t families = 1'024;
    std::chrono::seconds avoid{15};
    std::chrono::seconds strike{5};
    std::chrono::seconds loop{10};
    std::chrono::seconds memory{600};  // of strikes
    std::chrono::hours family_rest{24};
  };
  struct Last {  // of a client that was redirected a moment ago
    NodeKey node = 0;
    SteadyTime when{};
  };
  struct Verdict {
    NodeKey avoid = 0;
    bool hint = false;         // to be counted against `avoid`
    bool served_here = false;  // it does not follow, as far as we can tell
  };
  ClientHistory() : ClientHistory(Limits{}) {}
  explicit ClientHistory(Limits limits)
      : limits_(limits), clients_(limits.clients), families_(limits.families) {}

  // Where it was sent within the last 15 s; node 0: nowhere.
  Last last(ClientKey client, SteadyTime now) const;
  // A request.  outcome: of last().
  Verdict returns(ClientKey client, std::string_view family, RedirectOutcome outcome,
                  SteadyTime now);
  void redirected(ClientKey client, std::string_view family, NodeKey node, SteadyTime now);
  // Whether players of this family are worth a redirect.
  bool follows(std::string_view family, SteadyTime now) const;

  std::size_t clients() const noexcept { return clients_.size(); }
  std::size_t families() const noexcept { return families_.size(); }

 private:
  struct Client {
    NodeKey node = 0;  // of the last redirect
    SteadyTime when{};
    SteadyTime first{};  // of the redirects that are counted for a loop
    unsigned redirects = 0;
    unsigned strikes = 0;
  };
  struct Family {
    unsigned redirects = 0, lost = 0;
    SteadyTime rests_until{};
  };
  Limits limits_;
  RecentTable<Client> clients_;
  RecentTable<Family> families_;  // by node_key() of the name
};

}  // namespace lb
