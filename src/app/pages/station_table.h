// StationTable: the shown streams and stations, gathered once for each configuration and table of
// mounts instead of for each request.
// Thread: any.
// Ownership: PageCache.  Results point into the caller's configuration, and keep neither that nor
// the mounts alive.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "app/pages/shown_stations.h"
#include "stream/mount/mount_table.h"

namespace lb {

struct Traffic;

struct ShownStreams {
  std::vector<std::string> names;  // in the order of their numbers
  std::map<std::string_view, std::uint64_t> numbers;
  std::vector<ShownStation> stations;
  std::map<std::string_view, const ShownStation*> station_of;

  ShownStreams(const Config& config, const MountTable::Rows& mounts);
  ShownStreams(const ShownStreams&) = delete;  // the maps point into `names`
};

class StationTable {
 public:
  std::shared_ptr<const ShownStreams> shown(const Traffic& traffic, const Config& config);

 private:
  std::mutex mutex_;
  std::weak_ptr<const Config> config_;
  std::weak_ptr<const MountTable::Rows> mounts_;
  std::shared_ptr<const ShownStreams> shown_;  // of config_ and mounts_
};

}  // namespace lb
