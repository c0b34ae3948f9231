// HolderView: which nodes of the cluster have recorded what, as their rows over the links say
// (doc/link.md, ARCH; app/cluster/archive_links).
//
// A row is the whole of what a node holds of one mount.
// Thread: immutable, any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/address/reach.h"

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
  // While it is made.
  void add(HolderRow row);

 private:
  std::map<std::string, std::vector<HolderRow>, std::less<>> mounts_;
};

}  // namespace lb
