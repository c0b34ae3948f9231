// The data of the answers about present titles: the shown streams and stations, and the state of
// each.
// Thread: "pages"; present_stream() any.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "admin/feed/now_json.h"
#include "admin/page/stats_tree.h"
#include "app/pages/station_table.h"

namespace lb {

struct Config;
class Mount;
struct Network;
struct Services;

struct NowSight {
  const Network& network;
  const Config& config;
  const StatsDocument& document;
  std::shared_ptr<const ShownStreams> shown;
  const std::unordered_map<const Mount*, std::size_t> by_hls;  // listeners

  NowSight(const Services& of, const Config& by, const StatsDocument& in);
};

// The stream that plays a station: the first of its streams on the air.
const std::string& present_stream(const Network& network, const ShownStation& station);
// The fallback that listeners of a mount hear while it plays nowhere; null: none.
std::shared_ptr<Mount> heard_instead(const Network& network, const Config& config,
                                     const std::string& name);
// All streams, or only this one.
std::vector<NowMount> gather_mounts(const NowSight& sight, const std::optional<std::string>& only,
                                    std::size_t titles);
// All stations, or only the one with this id ("": all), each by the stream that plays it, with the
// listeners of all its streams.
std::vector<NowMount> gather_stations(const NowSight& sight, const std::string& only,
                                      std::size_t titles);

}  // namespace lb
