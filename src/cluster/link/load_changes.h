// LoadChanges: the mounts that this node carries, with their listeners, so that each master is sent
// the changes since its last report.
//
// Every change of a mount gets the next number, and a link keeps the number of its last report.  A
// mount that is no longer carried keeps its row for kRemembered: a link without a report for that
// time is dead.
//
// Each master is sent the listeners behind this node without those behind that master itself, and
// the way of a stream only if the stream comes from a server other than that master.
//
// Thread: control.
// Ownership: app/cluster/carried_load.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "cluster/nodes/audience.h"
#include "cluster/nodes/node_table.h"

namespace lb {

class LoadChanges {
 public:
  static constexpr std::chrono::seconds kRemembered{30};
  struct Carried {
    std::string_view mount;
    unsigned listeners = 0;  // without relays
    double kbps = 0;         // of the stream
    bool pulled = false;     // from another server
    bool carries = true;     // false: it would be pulled, but is not now
    ProtectionSet enforces = 0;
    PullFault cannot = PullFault::kNone;  // of a mount that is not carried
    std::uint32_t free = MountLoad::kUnlimited;
    bool declined = false;
    // As MountLoad::from, with the master that it comes from as the last; null: not known.
    const std::vector<std::string>* from = nullptr;
    const Below* below = nullptr;  // null: no listener
  };
  // Sets the state of a mount.  True: masters should have it at once: a stream has begun or ended
  // here, its pull fails or works again, or it has got its first listener or lost its last one.
  bool set(const Carried& now, SteadyTime when);
  // The arrivals by redirects of each master, counted before all mounts were last read: of these,
  // listeners() has the listeners that have stayed.
  using Arrivals = std::map<std::string, std::uint64_t, std::less<>>;
  void counted(Arrivals arrivals) { arrivals_ = std::move(arrivals); }
  // now: of a master that has joined since.
  std::uint64_t arrivals(std::string_view master, std::uint64_t now) const;
  // Removes mounts that ended long ago.
  void forget(SteadyTime when);

  unsigned listeners() const noexcept { return listeners_; }
  double kbps() const noexcept { return static_cast<double>(bits_) / 1000; }  // owed to them
  unsigned relays() const noexcept { return relays_; }
  std::uint64_t version() const noexcept { return version_; }
  struct Changes {
    std::vector<MountLoad> loads;
    std::uint64_t up_to = 0;  // the number of the newest change in it
  };
  // The oldest changes above this number that fit into a frame, in the form for this master.
  Changes since(std::uint64_t version, std::string_view master = {}) const;
  std::vector<MountLoad> all(std::string_view master = {}) const;

 private:
  struct Row {
    MountLoad load;
    std::uint64_t version = 0;
    std::int64_t bits = 0;  // a second
    bool pulled = false;
    std::vector<Below::Share> of_masters{};
  };
  using Rows = std::map<std::string, Row, std::less<>>;
  struct Ended {
    SteadyTime when;
    Rows::iterator row;
    std::uint64_t version;
  };
  static MountLoad load_for(const Row& row, std::string_view master);
  void count(Row& row, const Carried& now);
  void note(Row& row);
  bool end(Rows::iterator row, SteadyTime when);
  Rows rows_;
  std::map<std::uint64_t, const Row*> by_version_;
  std::deque<Ended> ended_;  // oldest first; a row with another version carries again
  std::uint64_t version_ = 0;
  unsigned listeners_ = 0, relays_ = 0;
  std::int64_t bits_ = 0;
  Arrivals arrivals_;
};

}  // namespace lb
