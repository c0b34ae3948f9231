#include "app/pages/now_feed_ask.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "admin/feed/azuracast_json.h"
#include "app/pages/foreign_pages.h"
#include "app/pages/now_sight.h"
#include "app/pages/station_stats.h"
#include "app/services/services.h"
#include "app/topology/listeners_elsewhere.h"
#include "base/cat.h"
#include "base/json.h"
#include "config/settings/config.h"
#include "http/message.h"
#include "http/playlist.h"

namespace lb {
namespace {

constexpr unsigned kTitlesBefore = 5;
constexpr std::string_view kOfAStation = "station:";
constexpr std::string_view kStationPath = "/api/v1/now/station:";
constexpr std::string_view kEvents = "/events";
constexpr std::string_view kGlobal = "global";
constexpr std::string_view kTime = "global:time";
constexpr std::size_t kConnectDepth = 8;
constexpr std::string_view kWanted =
    "cf_connect: JSON is wanted as {\"subs\":{\"station:NAME\":{}}}";

// A number may have zeros in front, so a station has more names than these two.
bool is_own_name(const ShownStation& station, std::string_view name) {
  return name == station.id || name == std::to_string(station.number);
}

std::variant<NowFeedAsk, NowFault> live_ask(const Services& services, const std::string& query,
                                            std::string url) {
  const auto text = query_param(query, "cf_connect");
  if (!text) return NowFault{400, std::string(kWanted)};
  if (text->size() > NowFeedAsk::kMaxConnectBytes)
    return NowFault{400, cat({"cf_connect: it has ", text->size(), " bytes, the most are ",
                              NowFeedAsk::kMaxConnectBytes})};
  const auto json = Json::parse(*text, kConnectDepth);
  const Json subs = json ? json->at("subs") : Json();
  if (!subs.is_object() || subs.size() == 0) return NowFault{400, std::string(kWanted)};
  if (subs.size() > NowFeedAsk::kMaxChannels)
    return NowFault{400, cat({"cf_connect: it has ", subs.size(), " subs, the most are ",
                              NowFeedAsk::kMaxChannels})};
  const auto config = services.config.read();
  const auto shown = services.pages->stations().shown(services, *config);
  NowFeedAsk ask;
  unsigned stations = 0;
  for (std::size_t i = 0; i < subs.size(); ++i) {
    const std::string_view name = subs.name(i);
    if (name == kGlobal || name.starts_with("global:")) {
      ask.usual = ask.usual && name == kTime;
      ask.channels.push_back({std::string(name), {}});
      continue;
    }
    const ShownStation* station =
        name.starts_with(kOfAStation)
            ? find_shown_station(shown->stations, name.substr(kOfAStation.size()))
            : nullptr;
    if (station == nullptr)
      return NowFault{
          404, cat({"cf_connect: there is no such station here, or it is not shown: ", name})};
    ++stations;
    ask.usual = ask.usual && is_own_name(*station, name.substr(kOfAStation.size()));
    ask.channels.push_back({std::string(name), station->id});
  }
  ask.usual = ask.usual && stations == 1;
  const std::string authority = Services::authority(*config);
  const std::string_view host = std::string_view(url).substr(url.find("://") + 3);
  ask.foreign_url = host != authority && host != config->hostname;
  ask.own_url = cat({"http://", authority});
  ask.url = std::move(url);
  return ask;
}

// The statistics of the stations of a set alone, as a server may have thousands of sets and mounts.
StatsDocument stats_of(const Services& services, const ListenersElsewhere& elsewhere,
                       const Config& config, const NowFeedAsk& ask) {
  const auto shown = services.pages->stations().shown(services, config);
  std::set<std::string> mounts;
  for (const NowFeedAsk::Channel& channel : ask.channels)
    if (const auto at = std::ranges::find(shown->stations, channel.station, &ShownStation::id);
        at != shown->stations.end())
      for (const std::string& mount : at->mounts) {
        mounts.insert(mount);
        for (const HlsVariantRow& row : mount_section(config, mount).hls_variants)
          mounts.insert(row.mount);
      }
  StatsDocument document;
  for (const std::string& mount : mounts) {
    StatsDocument one = make_stats(services, elsewhere, mount);
    std::ranges::move(one.sources, std::back_inserter(document.sources));
  }
  return document;
}

std::vector<LiveChannel> live_channels(const NowFeedAsk& ask, const std::vector<NowMount>& now) {
  std::vector<LiveChannel> channels;
  for (std::size_t i = 0; i < ask.channels.size(); ++i)
    channels.push_back({ask.channels[i].name, ask.channels[i].station.empty() ? nullptr : &now[i]});
  return channels;
}

}  // namespace

std::string NowFeedAsk::key() const {
  if (!is_set()) return is_station() ? path : mount;
  std::string key = url;
  for (const Channel& channel : channels) key += cat({" ", channel.name});
  return key;
}

bool NowFeedAsk::is_about(const std::string& name, const std::vector<NowMount>* known) const {
  const auto has_it = [&name](const NowMount& now) {
    return now.heard == name ||
           std::ranges::find(now.streams, name, &NowStream::mount) != now.streams.end();
  };
  if (!is_set() && !is_station())
    return name == mount || (known != nullptr && known->front().heard == name);
  return known == nullptr || std::ranges::any_of(*known, has_it);
}

std::optional<std::variant<NowFeedAsk, NowFault>> now_feed_ask(const Services& services,
                                                               const std::string& path,
                                                               const std::string& query,
                                                               std::string url) {
  if (path == kLiveFeedPath) return live_ask(services, query, std::move(url));
  auto mount = feed_path_mount(services, path);
  if (!mount) return std::nullopt;
  NowFeedAsk ask;
  ask.mount = std::move(*mount);
  if (!path.starts_with(kStationPath)) return ask;
  // One feed, whichever name of the station the path has.
  const std::string_view name = std::string_view(path).substr(
      kStationPath.size(), path.size() - kStationPath.size() - kEvents.size());
  const auto config = services.config.read();
  const auto shown = services.pages->stations().shown(services, *config);
  const ShownStation* station = find_shown_station(shown->stations, name);
  ask.path = station == nullptr ? path : cat({kStationPath, station->id, kEvents});
  return ask;
}

std::vector<NowMount> gather_feed(const Services& services, const ListenersElsewhere& elsewhere,
                                  const NowFeedAsk& ask) {
  if (!ask.is_set()) {
    auto present = ask.is_station() ? feed_path_mount(services, ask.path) : std::nullopt;
    return {now_of(services, elsewhere, present.value_or(ask.mount), kTitlesBefore)};
  }
  const auto config = services.config.read();
  const StatsDocument document = stats_of(services, elsewhere, *config, ask);
  const NowSight sight(services, *config, document);
  std::vector<NowMount> all;
  for (const NowFeedAsk::Channel& channel : ask.channels) {
    all.emplace_back();
    if (channel.station.empty()) continue;
    if (auto found = gather_stations(sight, channel.station, kTitlesBefore); !found.empty())
      all.back() = std::move(found.front());
  }
  return all;
}

std::int64_t settle_feed(const NowFeedAsk& ask, std::vector<NowMount>& now, std::int64_t now_ms) {
  if (!ask.is_set()) return 0;
  std::int64_t wait_ms = 0;
  for (NowMount& each : now) {
    const std::int64_t heard_in = heard_in_ms(each, now_ms);
    if (heard_in > 0 && (wait_ms == 0 || heard_in < wait_ms)) wait_ms = heard_in;
    each = as_heard(std::move(each), now_ms);
  }
  return wait_ms;
}

std::vector<NowEvent> feed_events(const NowFeedAsk& ask, const std::vector<NowMount>& before,
                                  const std::vector<NowMount>& now, std::int64_t now_ms) {
  if (!ask.is_set()) {
    // The station continues with another stream; a stream that is gone has no name.
    const std::string& present = now.front().stream.mount;
    if (ask.is_station() && !present.empty() && present != before.front().stream.mount)
      return {feed_state(ask, now, now_ms)};
    return now_events(before.front(), now.front());
  }
  std::vector<NowEvent> events;
  const auto channels = live_channels(ask, now);
  for (std::size_t i = 0; i < now.size(); ++i)
    if (!now_events(before[i], now[i]).empty())
      events.push_back(
          {{},
           with_site(live_change_json(channels[i], now_ms, ask.own_url), ask.own_url, ask.url)});
  return events;
}

NowEvent feed_state(const NowFeedAsk& ask, const std::vector<NowMount>& now, std::int64_t now_ms) {
  if (!ask.is_set()) return {"state", now_json(now.front(), now_ms)};
  return {{},
          with_site(live_connect_json(live_channels(ask, now), now_ms, ask.own_url), ask.own_url,
                    ask.url)};
}

std::string feed_beat(const NowFeedAsk& ask, std::int64_t now_ms) {
  if (!ask.is_set()) return {};
  for (const NowFeedAsk::Channel& channel : ask.channels)
    if (channel.station.empty()) return live_change_json({channel.name, nullptr}, now_ms, ask.url);
  return "{}";
}

}  // namespace lb
