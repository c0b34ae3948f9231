// ClientTrail: what a master remembers of listeners that it has redirected, to notice those whom a
// redirect does not help: a node that is dead although it seems well, a player that does not
// follow.
//
// A client is (address, User-Agent, mount).  Behind one address there may be many people with the
// same player, so nothing here forbids anything: a returning client is sent to another node, a node
// is probed before it is believed to be out of reach, and serving here is bounded by the direct
// budget.
//   back within 15 s, redirect not confirmed  → not the same node; a hint against the node
//   the second time within 5 s of a redirect  → a strike; two: served here
//   the third redirect within 10 s            → served here (a loop: the parameter was lost)
//   more than half of 20 redirects of a family of players lost → not redirected for 24 h
//
// Memory: bounded tables; the entry that was used the longest time ago makes room.
// Thread: control.  Ownership: Balancer.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "cluster/node.h"

namespace lb {

using ClientKey = std::uint64_t;  // 0: not known, nothing is remembered
ClientKey client_key(std::string_view address, std::string_view user_agent,
                     std::string_view mount) noexcept;
// "VLC/3.0.18 LibVLC/3.0.18" → "VLC": the first product, without its version.
std::string user_agent_family(std::string_view user_agent);

class ClientTrail {
 public:
  struct Limits {
    std::size_t clients = 65'536;
    std::size_t families = 1'024;
    std::chrono::seconds avoid{15};
    std::chrono::seconds strike{5};
    std::chrono::seconds loop{10};
    std::chrono::hours family_rest{24};
  };
  struct Last {  // of a client that was redirected a moment ago
    NodeKey node = 0;
    SteadyTime when{};
  };
  struct Verdict {
    NodeKey avoid = 0;
    bool hint = false;         // its last redirect is not confirmed: count it against `avoid`
    bool served_here = false;  // it does not follow, as far as we can tell
  };
  ClientTrail() : ClientTrail(Limits{}) {}
  explicit ClientTrail(Limits limits) : limits_(limits) {}

  // Where it was sent within the last 15 s; node 0: nowhere.
  Last last(ClientKey client, SteadyTime now) const;
  // A request.  confirmed: what the node's reports say about last().
  Verdict arrives(ClientKey client, std::string_view family, bool confirmed, SteadyTime now);
  void redirected(ClientKey client, std::string_view family, NodeKey node, SteadyTime now);
  bool follows(std::string_view family, SteadyTime now) const;

  std::size_t clients() const noexcept { return clients_.index.size(); }
  std::size_t families() const noexcept { return families_.index.size(); }

 private:
  struct Client {
    ClientKey key = 0;
    NodeKey node = 0;
    SteadyTime when{};
    SteadyTime first{};  // of the redirects that are counted for a loop
    std::uint8_t redirects = 0;
    std::uint8_t strikes = 0;
  };
  struct Family {
    std::string key;
    std::uint32_t redirects = 0, lost = 0;
    SteadyTime rests_until{};
  };
  template <class Entry, class Key>
  struct Lru {
    std::list<Entry> entries;  // used last first
    std::unordered_map<Key, typename std::list<Entry>::iterator> index;
  };
  Limits limits_;
  Lru<Client, ClientKey> clients_;
  Lru<Family, std::string> families_;
};

}  // namespace lb
