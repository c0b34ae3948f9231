// NodeLoad: how much of what this node can carry is in use.  LoadMeter: the same, counted at most
// four times a second, however often it is asked.
//
// Thread: any.
// Ownership: Services.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/snapshot.h"
#include "stream/mount/mount_table.h"

namespace lb {

struct Config;
struct ServerCounters;
struct Traffic;

struct NodeLoad {
  std::int64_t listeners = 0, listeners_limit = -1;  // relays among them; -1: not limited
  std::int64_t audience = 0;                         // the listeners without relays
  std::int64_t clients = 0, clients_limit = 0;
  std::uint64_t bits_per_second = 0,
                bits_per_second_limit = 0;  // what listeners are owed; 0: not limited

  // Of whatever is scarcest; 1: full.
  double use() const noexcept;
};

NodeLoad measure_load(const Config& config, const ServerCounters& counters,
                      const MountTable::Rows& mounts);

class LoadMeter {
 public:
  explicit LoadMeter(const Traffic& traffic);
  NodeLoad read() const;

 private:
  struct Measured {
    NodeLoad load;
    SteadyTime at{};
  };
  const Traffic& traffic_;
  mutable Snapshot<Measured> last_;
};

}  // namespace lb
