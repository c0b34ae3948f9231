#include "app/pages/station_table.h"

#include "app/pages/foreign_pages.h"
#include "app/services/traffic.h"

namespace lb {

ShownStreams::ShownStreams(const Config& config, const MountTable::Rows& mounts)
    : names(numbered_streams(config, mounts)), stations(shown_stations(config, names)) {
  for (const std::string& name : names) numbers.emplace(name, numbers.size() + 1);
  for (const ShownStation& station : stations)
    for (const std::string& name : station.mounts) station_of.emplace(name, &station);
}

std::shared_ptr<const ShownStreams> StationTable::shown(const Traffic& traffic,
                                                        const Config& config) {
  const auto mounts = traffic.mounts.all();
  {
    std::lock_guard<std::mutex> guard(mutex_);
    if (config_.lock().get() == &config && mounts_.lock() == mounts) return shown_;
  }
  const auto shown = std::make_shared<const ShownStreams>(config, *mounts);
  // A request may still use an earlier configuration, which is not cached.
  if (const auto newest = traffic.config.read(); newest.get() == &config) {
    std::lock_guard<std::mutex> guard(mutex_);
    config_ = newest;
    mounts_ = mounts;
    shown_ = shown;
  }
  return shown;
}

}  // namespace lb
