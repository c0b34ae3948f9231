// ClientHistory: the listeners that a master has redirected.  It detects redirects that fail
// because a node is dead although it seems well, or because a player does not follow them.
//
// A client is (address, User-Agent, mount).  Hundreds of listeners with one player may share an
// address (a school, a carrier's NAT, a reverse proxy), and look like one that returns again and
// again.  So no client is refused: serving here is bounded by the direct budget, a node is probed
// before it counts as unreachable, and verdicts rest on numbers.
//
// Nodes that confirm (Way::confirms) report how many redirects of each client have arrived.  A
// redirect counts as lost if its arrival is not reported within a second:
//   two lost, and none has ever arrived    the client does not follow, and is served here.  If it
//                                          returns within 15 s of that, it is taken for another
//                                          listener, and redirected
//   some arrive, others do not             one is served here for each two that are lost
// Of other nodes only the client's return is known:
//   back within 5 s                        a strike; after two strikes one is served here.  If the
//                                          client returns within 15 s of that, it is taken for
//                                          another listener: the next one is served here after
//                                          four strikes, then eight, at most 32
// Of all nodes:
//   back within 15 s                       not redirected to the same node, and a hint against that
//                                          node, unless it is a crowd (three redirects within 10 s)
//   a third redirect within 10 s to nodes  served here: this is a loop, in which the parameter of
//   that redirect as well, none arrived    the redirect gets lost
//   of 20 redirects of a family of         the family is not redirected for 24 h, except clients
//   players, more than a quarter lost      whose redirects arrive
//
// Bounds: tables of fixed size (RecentTable); the oldest entry makes room.
// Thread: one at a time.
// Ownership: Balancer.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "cluster/nodes/node_table.h"

namespace lb {

// RecentTable: values of the keys that were used last, in a bounded table.
//
// Keys are hashes of 64 bits.  A key may lie in a few neighbouring places; a new one replaces the
// least recently used of them.  So a use costs two or three cache lines, however large the table
// is, where a list and an index of all keys cost a dozen.
//
// Memory: room for `most` values, allocated with the first of them.
template <class Value>
class RecentTable {
 public:
  explicit RecentTable(std::size_t most)
      : sets_wanted_(std::bit_floor(std::max<std::size_t>(most / kPlaces, 1))) {}

  const Value* peek(std::uint64_t key) const {
    const Set* set = set_of(key);
    const std::size_t at = set == nullptr ? kPlaces : place_in(*set, key);
    return at == kPlaces ? nullptr : &set->values[at];
  }
  // Null: the key is not known.  Counts as a use of the key, as at() does.
  Value* find(std::uint64_t key) {
    Set* set = set_of(key);
    const std::size_t at = set == nullptr ? kPlaces : place_in(*set, key);
    if (at == kPlaces) return nullptr;
    set->used[at] = ++uses_;
    return &set->values[at];
  }
  // Creates the value if it is missing.
  Value& at(std::uint64_t key) {
    if (Value* found = find(key)) return *found;
    if (sets_.empty()) sets_.resize(sets_wanted_);
    Set& set = *set_of(key);
    const auto oldest = static_cast<std::size_t>(
        std::min_element(set.used.begin(), set.used.end()) - set.used.begin());
    if (set.used[oldest] == 0) ++size_;
    set.keys[oldest] = key;
    set.used[oldest] = ++uses_;
    return set.values[oldest] = Value{};
  }
  std::size_t size() const noexcept { return size_; }

 private:
  static constexpr std::size_t kPlaces = 8;
  struct Set {
    std::array<std::uint64_t, kPlaces> keys{};
    std::array<std::uint64_t, kPlaces> used{};  // 0: free
    std::array<Value, kPlaces> values{};
  };

  const Set* set_of(std::uint64_t key) const noexcept {
    constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15ULL;  // high bits that depend on all bits
    return sets_.empty() ? nullptr : &sets_[((key * kOdd) >> 32) & (sets_.size() - 1)];
  }
  Set* set_of(std::uint64_t key) noexcept {
    return const_cast<Set*>(std::as_const(*this).set_of(key));
  }
  static std::size_t place_in(const Set& set, std::uint64_t key) noexcept {
    for (std::size_t i = 0; i < kPlaces; ++i)
      if (set.keys[i] == key && set.used[i] != 0) return i;
    return kPlaces;
  }

  std::size_t sets_wanted_;  // a power of two
  std::vector<Set> sets_;
  std::uint64_t uses_ = 0;
  std::size_t size_ = 0;
};

// As written in a redirect (redirect_token.h). 0: not known, and no history is kept.
using ClientKey = std::uint32_t;
ClientKey client_key(std::string_view address, std::string_view user_agent,
                     std::string_view mount) noexcept;
// "VLC/3.0.18 LibVLC/3.0.18" → "VLC": the first product without its version.
std::string_view user_agent_family(std::string_view user_agent);

class ClientHistory {
 public:
  struct Limits {
    std::size_t clients = 65'536;
    std::size_t families = 1'024;
    std::chrono::seconds avoid{15};
    std::chrono::seconds strike{5};
    std::chrono::seconds loop{10};
    std::chrono::seconds memory{600};  // of a client
    std::chrono::hours family_rest{24};
  };
  struct Last {  // a client that was redirected a moment ago
    NodeKey node = 0;
    SteadyTime when{};
  };
  // The target of a redirect.
  struct Way {
    bool confirms = false;   // the node reports which clients arrive
    bool redirects = false;  // it redirects listeners, perhaps back to us
  };
  struct Verdict {
    NodeKey avoid = 0;
    bool hint = false;         // counts against the node of last()
    bool served_here = false;  // it seems not to follow redirects
  };
  ClientHistory() : ClientHistory(Limits{}) {}
  explicit ClientHistory(Limits limits)
      : limits_(limits), clients_(limits.clients), families_(limits.families) {}

  // Where the client was sent within the last 15 s; node 0: nowhere.
  Last last(ClientKey client, SteadyTime now) const;
  // Counts a request. outcome: of last(), at a node that does not confirm.
  Verdict returns(ClientKey client, std::string_view family, RedirectOutcome outcome,
                  SteadyTime now);
  // The verdict of returns(), without counting.
  Verdict judge(ClientKey client, std::string_view family, RedirectOutcome outcome,
                SteadyTime now) const;
  void redirected(ClientKey client, std::string_view family, NodeKey node, SteadyTime now, Way way);
  void redirected(ClientKey client, std::string_view family, NodeKey node, SteadyTime now) {
    redirected(client, family, node, now, Way{});
  }
  // The client was served here because of a verdict.
  void served(ClientKey client, SteadyTime now);
  // One of its redirects has arrived; false: no redirect was on its way to a node that confirms.
  bool arrived(ClientKey client);
  // Whether this family of players follows redirects.
  bool follows(std::string_view family, SteadyTime now) const;

  std::size_t clients() const noexcept { return clients_.size(); }
  std::size_t families() const noexcept { return families_.size(); }

 private:
  static constexpr std::size_t kMoments = 4;  // of a quarter of a second
  struct Client {
    NodeKey node = 0;  // of the last redirect
    SteadyTime when{};
    SteadyTime first{};      // of `redirects`, for loops and crowds
    SteadyTime served_at{};  // served for lack of arrivals; zero: never, or one has arrived since
    // Redirects to nodes that confirm.  `young` has those that may still arrive, by moments.
    std::uint32_t issued = 0, arrived = 0, paid = 0;
    std::uint32_t moment = 0;
    std::array<std::uint16_t, kMoments> young{};
    std::uint16_t redirects = 0;
    std::uint8_t strikes = 0, wanted = kStrikes;
    bool confirms = false;  // the last redirect
    bool loops = false;     // the last redirect leads to a server that redirects
    bool busy = false;      // a crowd before `first`
    bool blamed = false;    // the last redirect counts against its family

    std::uint32_t lost() const noexcept;
  };
  struct Family {
    unsigned redirects = 0, lost = 0;
    SteadyTime rests_until{};
  };
  static constexpr std::uint8_t kStrikes = 2, kMaxStrikes = 32;
  bool is_crowd(const Client& client, SteadyTime now) const noexcept;
  static void age(Client& client, SteadyTime now) noexcept;
  // lost: one more redirect of its family has not arrived.
  Verdict weigh(Client& client, RedirectOutcome outcome, SteadyTime now, bool& lost) const;

  Limits limits_;
  RecentTable<Client> clients_;
  RecentTable<Family> families_;  // by node_key() of the name
};

}  // namespace lb
