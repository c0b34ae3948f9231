// ListenersElsewhere: the listeners at the other nodes, without relays.
//
// Thread: any; a value that may go to another thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "cluster/nodes/audience.h"

namespace lb {

struct ListenersElsewhere {
  bool counted = false;                // false without redirects: servers count their own
  std::uint64_t nodes = 0, below = 0;  // at nodes, and behind them
  std::map<std::string, Audience, std::less<>> mounts;  // mounts with listeners only

  std::uint64_t all() const noexcept { return nodes + below; }
  std::uint64_t of(std::string_view mount) const {
    const auto row = mounts.find(mount);
    return row == mounts.end() ? 0 : row->second.all();
  }
};

}  // namespace lb
