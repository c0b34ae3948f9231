// HolderView: the recordings of the cluster's nodes, by their rows over links (doc/link.md, ARCH;
// app/cluster/archive_links).
//
// A row has all recordings of one mount at a node.
// Thread: immutable, any thread.
// Ownership: shared.
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
  std::string node;                 // the node with these recordings
  std::vector<std::string> places;  // "http://host:port", the best one first
  // For unproved places: the reach of the server that named them.
  std::optional<Reach> named_by;
  std::vector<HeldRange> ranges;  // ascending; empty: no recordings any more
  std::string pass;               // the right to read them
  std::uint8_t needs = 0;         // the ProtectionSet that a playing node must enforce

  bool operator==(const HolderRow&) const = default;
};

// HolderView: an immutable copy of all holders' rows at one moment.
class HolderView {
 public:
  // The rows of a mount, one a node; empty: none.
  const std::vector<HolderRow>& of(std::string_view mount) const;
  bool has(std::string_view mount) const { return !of(mount).empty(); }
  // Moves a time without recordings to the start of the next recording; false: there is no later
  // one.
  bool nearest(std::string_view mount, std::int64_t& wall_ms) const;
  const std::map<std::string, std::vector<HolderRow>, std::less<>>& all() const noexcept {
    return mounts_;
  }
  // Only while it is built.
  void add(HolderRow row);

 private:
  std::map<std::string, std::vector<HolderRow>, std::less<>> mounts_;
};

}  // namespace lb
