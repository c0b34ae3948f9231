// LoadBook: what this node carries and for how many, so that each master can be told what has
// changed since it was told last.
//
// Every change of a mount gets the next number; a link remembers the number that it has reported up
// to.  A mount that is carried no more stays in the book as such for kRemembered: a link that has
// not reported for so long is dead.
//
// Thread: control.  Ownership: app/cluster_links.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cluster/node_table.h"

namespace lb {

class LoadBook {
 public:
  static constexpr std::chrono::seconds kRemembered{30};
  struct Carried {
    std::string_view mount;
    unsigned listeners = 0;  // without relays
    double kbps = 0;         // of the stream
    bool pulled = false;     // from another server
    bool carries = true;     // false: it would be pulled, and is not now
    ProtectionSet enforces = 0;
  };
  // Everything that is carried now, or protected here, ordered by mount.  True: somebody should
  // hear it at once: a stream has begun or ended here, or its first listener has come, or its last
  // one gone.
  bool update(const std::vector<Carried>& now, SteadyTime when);

  unsigned listeners() const noexcept { return listeners_; }
  double kbps() const noexcept { return kbps_; }  // owed to them
  unsigned relays() const noexcept { return relays_; }
  std::uint64_t version() const noexcept { return version_; }
  struct Changes {
    std::vector<MountLoad> loads;
    std::uint64_t up_to = 0;  // the number that is reported up to
  };
  // The oldest changes with a number above this one, as many as fit into a frame.
  Changes since(std::uint64_t version) const;
  std::vector<MountLoad> all() const;

 private:
  struct Row {
    MountLoad load;
    std::uint64_t version = 0;
    SteadyTime ended{};
  };
  std::vector<Row> rows_;  // ordered by mount
  std::uint64_t version_ = 0;
  unsigned listeners_ = 0, relays_ = 0;
  double kbps_ = 0;
};

}  // namespace lb
