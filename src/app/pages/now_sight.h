// What the answers about what plays now are made of: the streams and stations that are shown, and
// what is known of each.
// Thread: "pages"; present_stream() any.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
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

  NowSight(const Services& of, const Config& by, const StatsDocument& in);
};

// The stream by which a station is heard: of those that play, the first one.
const std::string& present_stream(const Network& network, const ShownStation& station);
// What its listeners hear of its fallbacks while it does not play anywhere; null: nothing.
std::shared_ptr<Mount> heard_instead(const Network& network, const Config& config,
                                     const std::string& name);
// Each stream, or only this one.
std::vector<NowMount> gather_mounts(const NowSight& sight, const std::optional<std::string>& only,
                                    std::size_t titles);
// Each station, or only that of this id (""), by the stream by which it is heard; the listeners are
// those of all its streams.
std::vector<NowMount> gather_stations(const NowSight& sight, const std::string& only,
                                      std::size_t titles);

}  // namespace lb
