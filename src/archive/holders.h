// Holders: which nodes of the cluster have recorded what, as their rows over the links say
// (doc/link.md, ARCH).
//
// A row is the whole of what a node holds of one mount, and replaces the one before.  What a node
// says of itself counts before what others repeat.  When a teller is lost, its rows stand for
// kKept: a link that breaks ends no listening.
// Thread: control; a HolderView is immutable, any thread.
// Bounds: kMaxRows rows of one teller, kMaxRanges ranges of a row; further ones are passed over.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "net/reach.h"

namespace lb {

struct HeldRange {
  std::int64_t from_ms = 0, to_ms = 0;  // Unix; to_ms 0: it is being recorded

  bool ends_after(std::int64_t wall_ms) const noexcept { return to_ms == 0 || to_ms > wall_ms; }
  bool operator==(const HeldRange&) const = default;
};

struct HolderRow {
  std::string mount;
  std::string node;                 // whose recordings these are
  std::vector<std::string> places;  // "http://host:port", the best one first
  // Of places that the node has not proved to be at: of the address of the server that named them.
  std::optional<Reach> named_by;
  std::vector<HeldRange> ranges;  // ascending; empty: nothing any more
  std::string pass;               // the right to read them
  std::uint8_t needs = 0;         // what a node has to ask of listeners (ProtectionSet)

  bool operator==(const HolderRow&) const = default;
};

// Of one moment.
class HolderView {
 public:
  // Of a mount, one row a node; empty: none.
  const std::vector<HolderRow>& of(std::string_view mount) const;
  bool has(std::string_view mount) const { return !of(mount).empty(); }
  // Moves a time for which nothing is held to the begin of what is held next; false: nothing is.
  bool nearest(std::string_view mount, std::int64_t& wall_ms) const;
  const std::map<std::string, std::vector<HolderRow>, std::less<>>& all() const noexcept {
    return mounts_;
  }

 private:
  friend class Holders;
  std::map<std::string, std::vector<HolderRow>, std::less<>> mounts_;
};

class Holders {
 public:
  static constexpr std::size_t kMaxRows = 20'000, kMaxRanges = 16;
  static constexpr std::chrono::seconds kKept{10};

  explicit Holders(std::string own_id) : own_id_(std::move(own_id)) {}

  void take(const std::string& teller, HolderRow row);
  // It tells everything once more; what it leaves out for kKept is gone.
  void joined(const std::string& teller, SteadyTime now);
  void left(const std::string& teller, SteadyTime now);
  // Drops what has stood long enough.
  void forget(SteadyTime now);
  bool empty() const noexcept { return tellers_.empty(); }

  // Changes with what is known.
  std::uint64_t version() const noexcept { return version_; }
  // Of the rows that may be used here.
  std::shared_ptr<const HolderView> view(
      const std::function<bool(const HolderRow&)>& usable = {}) const;
  // What nodes have said of themselves, with the exception of `but`: a master repeats it.
  std::vector<HolderRow> first_hand(std::string_view but) const;

 private:
  using Key = std::pair<std::string, std::string>;  // mount, node
  struct Teller {
    std::map<Key, HolderRow> rows;
    std::set<Key> stale;  // not told since the link stands again
    bool lost = false;
    SteadyTime until{};  // of what is lost, or stale
  };
  const std::string own_id_;
  std::map<std::string, Teller, std::less<>> tellers_;
  std::uint64_t version_ = 1;
};

}  // namespace lb
