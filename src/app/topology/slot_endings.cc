#include "app/topology/slot_endings.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "app/services/hls_service.h"
#include "app/services/traffic.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "stream/listener/loop_streams.h"

namespace lb {
namespace {

struct PlacedHolder {
  SlotHolder holder;
  std::size_t place = 0;  // its worker; after the last: HLS
};

bool is_newer(const PlacedHolder& a, const PlacedHolder& b) noexcept {
  return a.holder.since != b.holder.since ? a.holder.since > b.holder.since
                                          : a.holder.id > b.holder.id;
}

}  // namespace

void end_newest(Traffic& traffic, const std::string& mount, std::shared_ptr<SlotGate> gate,
                std::size_t listeners) {
  using Held = std::vector<SlotHolder>;
  const auto ask = [&traffic, gate](unsigned worker) {
    return traffic.workers[worker]->streams->slot_holders(*gate);
  };
  const auto end = [&traffic, gate, mount, listeners](std::vector<Held> holders) {
    holders.push_back(traffic.hls->sessions().slot_holders(*gate));
    std::vector<PlacedHolder> all;
    for (std::size_t place = 0; place < holders.size(); ++place)
      for (const SlotHolder& holder : holders[place]) all.push_back({holder, place});
    const std::size_t most = std::min(listeners, all.size());
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(most), all.end(),
                      is_newer);
    traffic.log.warn("cluster/slots",
                     cat({"mount ", mount, ": ", listeners,
                          " listeners too many are at this node (over=\"kick\"); the newest ", most,
                          " of ", all.size(), " are ended"}));
    std::vector<std::vector<std::uint64_t>> ids(holders.size());
    for (std::size_t i = 0; i < most; ++i) ids[all[i].place].push_back(all[i].holder.id);
    traffic.hls->end_holders(*gate, ids.back());
    ids.pop_back();
    for (unsigned i = 0; i < ids.size(); ++i) {
      if (ids[i].empty()) continue;
      traffic.loops.worker(i).post([&traffic, gate, i, of_it = std::move(ids[i])] {
        traffic.workers[i]->streams->end_holders(*gate, of_it, EndReason::kOverLimit);
      });
    }
  };
  traffic.loops.gather<Held>(ask, end);
}

}  // namespace lb
