#include "app/topology/handed_relays.h"

#include <utility>

#include "app/services/worker.h"
#include "base/cat.h"
#include "stream/source/source_admission.h"

namespace lb {

HandedRelays::HandedRelays(Traffic& traffic)
    : traffic_(traffic), late_(traffic.loops.control(), [this] { end_unclaimed(); }) {}

Result<void> HandedRelays::add(RelayRecord saved) {
  const std::string mount = saved.mount;
  if (!unclaimed_.emplace(mount, std::move(saved)).second)
    return Error::invalid(cat({"mount ", mount, " has two relays"}));
  return {};
}

const RelayRecord* HandedRelays::of(const std::string& mount, std::uint64_t lease) const {
  const auto at = unclaimed_.find(mount);
  return at == unclaimed_.end() || at->second.lease != lease ? nullptr : &at->second;
}

std::optional<HandedWriter> HandedRelays::take(const std::string& mount) {
  auto row = unclaimed_.extract(mount);
  if (!row) return std::nullopt;
  const auto* const writer = traffic_.admission->writer_of(mount);
  if (writer == nullptr || writer->lease != row.mapped().lease) return std::nullopt;
  return HandedWriter{writer->home, writer->mount->facts()->content_type, std::move(row.mapped())};
}

void HandedRelays::go_on() {
  if (!unclaimed_.empty()) late_.after(kUnclaimed);
}

void HandedRelays::end_unclaimed() {
  for (const auto& [mount, saved] : std::exchange(unclaimed_, {})) {
    const auto* const writer = traffic_.admission->writer_of(mount);
    if (writer == nullptr || writer->lease != saved.lease) continue;
    traffic_.log.info("relay/relay", cat({"relay ", mount, ": not configured any more"}));
    Worker::end_source(traffic_, writer->home, saved.lease, EndReason::kRemoved);
  }
}

}  // namespace lb
