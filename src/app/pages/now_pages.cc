#include "app/pages/now_pages.h"

#include "admin/feed/azuracast_json.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/title_links.h"
#include "app/pages/foreign_pages.h"
#include "app/pages/now_sight.h"
#include "app/pages/station_stats.h"
#include "app/pages/station_table.h"
#include "app/services/services.h"
#include "app/topology/listeners_elsewhere.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "config/settings/station_settings.h"
#include "http/message.h"
#include "stream/mount/mount.h"

namespace lb {
namespace {

constexpr std::string_view kNow = "/api/v1/now";
constexpr std::string_view kNowPlaying = "/api/nowplaying";
constexpr std::string_view kStatic = "/api/nowplaying_static/";
constexpr std::string_view kStations = "/api/stations";
constexpr std::string_view kStation = "/api/station";
constexpr std::string_view kOfStation = "/station:";
constexpr std::uint64_t kMaxTitlesBefore = 100;
constexpr unsigned kUsualTitles = 5;
constexpr std::string_view kNowType = "application/json; charset=UTF-8";

bool is_below(std::string_view path, std::string_view base) {
  return path.size() > base.size() + 1 && path.starts_with(base) && path[base.size()] == '/';
}

// "" for the base address, with or without a trailing slash; nullopt: another address.
std::optional<std::string> id_below(std::string_view path, std::string_view base) {
  if (path == base ||
      (path.size() == base.size() + 1 && path.starts_with(base) && path.back() == '/'))
    return "";
  if (!is_below(path, base)) return std::nullopt;
  std::string_view id = path.substr(base.size() + 1);
  if (id.ends_with('/')) id.remove_suffix(1);
  return std::string(id);
}

std::optional<std::string> known_station(const Services& services, const Config& config,
                                         std::string_view id) {
  const auto shown = services.pages->stations().shown(services, config);
  const ShownStation* station = find_shown_station(shown->stations, id);
  return station == nullptr ? std::nullopt : std::optional(station->id);
}

std::optional<std::string> stream_of_station(const Services& services, const Config& config,
                                             std::string_view id) {
  const auto shown = services.pages->stations().shown(services, config);
  const ShownStation* station = find_shown_station(shown->stations, id);
  return station == nullptr ? std::nullopt : std::optional(present_stream(services, *station));
}

NowFault no_stream() { return {404, "there is no such stream here, or it is not shown"}; }

// The stream named behind /api/v1/now: "/live.mp3", "/%2Flive.mp3" (not yet decoded, as below
// /api/v1/mounts) or "/station:rock"; nullopt: no such stream, or a hidden one.
std::optional<std::string> called_stream(const Services& services, const Config& config,
                                         std::string_view called) {
  if (called.starts_with(kOfStation)) {
    auto stream = stream_of_station(services, config, called.substr(kOfStation.size()));
    return stream && is_shown_stream(services, config, *stream) ? stream : std::nullopt;
  }
  std::string name(called);
  if (istarts_with(called, "/%2f")) name = percent_decode(called.substr(1), false).value_or("");
  return is_shown_stream(services, config, name) ? std::optional(std::move(name)) : std::nullopt;
}

// MOUNT in /api/v1/now/MOUNT/WHAT.
std::optional<std::string> mount_of(const Services& services, const std::string& path,
                                    std::string_view what) {
  if (!is_below(path, kNow) || !path.ends_with(what)) return std::nullopt;
  const auto config = services.config.read();
  std::string called = path.substr(kNow.size());
  // A mount may have this whole name.
  if (called_stream(services, *config, called)) return std::nullopt;
  called.resize(called.size() - what.size());
  return called.empty() ? std::nullopt : called_stream(services, *config, called);
}

}  // namespace

bool is_now_path(std::string_view path) {
  return path == kNow || path.starts_with(cat({kNow, "/"})) || path == kStations ||
         path == kNowPlaying || path.starts_with(cat({kNowPlaying, "/"})) ||
         path.starts_with(kStatic) || path.starts_with(cat({kStation, "/"}));
}

std::variant<PageAsk, NowFault> now_page_ask(const Services& services, const std::string& path,
                                             const std::string& query) {
  const auto config = services.config.read();
  const auto of = [&](std::string_view kind, const std::string& id) {
    auto station = known_station(services, *config, id);
    if (!station) return std::variant<PageAsk, NowFault>(no_stream());
    return std::variant<PageAsk, NowFault>(
        PageAsk{std::string(kind), std::nullopt, false, kUsualTitles, std::move(*station)});
  };
  if (path == kStations) return PageAsk{std::string(kStations), std::nullopt, false};
  if (path.starts_with(kStatic)) {
    std::string id = path.substr(kStatic.size());
    if (!id.ends_with(".json")) return no_stream();
    id.resize(id.size() - std::string_view(".json").size());
    return of(kNowPlaying, id);
  }
  if (const auto id = id_below(path, kNowPlaying)) {
    if (id->empty()) return PageAsk{std::string(kNowPlaying), std::nullopt, false, kUsualTitles};
    return of(kNowPlaying, *id);
  }
  if (const auto id = id_below(path, kStation)) return of(kStation, *id);
  PageAsk ask{std::string(kNow), std::nullopt, false};
  if (const auto name = id_below(path, kNow); name && !name->empty()) {
    ask.mount = called_stream(services, *config, std::string_view(path).substr(kNow.size()));
    if (!ask.mount) return no_stream();
    const auto titles = query_param(query, "history");
    const auto number = titles ? parse_u64(*titles) : kUsualTitles;
    if (!number || *number > kMaxTitlesBefore)
      return NowFault{
          400, cat({"history: a number of titles from 0 to ", kMaxTitlesBefore, " is wanted"})};
    ask.titles = static_cast<unsigned>(*number);
  }
  return ask;
}

std::optional<std::string> place_path_mount(const Services& services, const std::string& path) {
  return mount_of(services, path, "/place");
}

std::optional<std::string> art_path_mount(const Services& services, const std::string& path) {
  return mount_of(services, path, "/art");
}

std::string present_art(const Services& services, const std::string& name) {
  const auto config = services.config.read();
  const auto fallback = heard_instead(services, *config, name);
  const auto mount = fallback ? fallback : services.mounts.find(name);
  std::string song = mount ? mount->metadata()->song() : std::string();
  if (song.empty())
    if (const auto told = services.links->titles().elsewhere(name)) song = told->title;
  NowMount now;
  if (const StationSettings* station = station_of(*config, name)) {
    if (station->logo.starts_with('/')) now.station.logo = station->logo;
    if (station->default_art.starts_with('/')) now.station.art = station->default_art;
  }
  return art_path(now,
                  {{}, song, {}, services.titles.picture_of(mount ? mount->name() : name, song)});
}

std::optional<std::string> feed_path_mount(const Services& services, const std::string& path) {
  return mount_of(services, path, "/events");
}

NowMount now_of(const Services& services, const ListenersElsewhere& elsewhere,
                const std::string& mount, unsigned titles) {
  const StatsDocument document = make_stats(services, elsewhere, mount);
  const auto config = services.config.read();
  auto all = gather_mounts(NowSight(services, *config, document), mount, titles);
  return all.empty() ? NowMount() : std::move(all.front());
}

std::optional<Result<RenderedPage>> now_page(const Services& services, const PageAsk& ask,
                                             const Config& config, const StatsDocument& document) {
  if (!is_now_path(ask.path) && ask.path != kStation) return std::nullopt;
  const NowSight sight(services, config, document);
  const std::int64_t now_ms = unix_ms(services.clock.wall());
  const std::string url = cat({"http://", Services::authority(config)});
  // The stream may be gone by now.
  const auto first = [](std::vector<NowMount> all) {
    return all.empty() ? NowMount() : std::move(all.front());
  };
  std::string body;
  if (ask.path == kNow && ask.mount)
    body = now_json(first(gather_mounts(sight, ask.mount, ask.titles)), now_ms);
  else if (ask.path == kNow)
    body = now_list_json(gather_mounts(sight, std::nullopt, ask.titles),
                         gather_stations(sight, {}, ask.titles), now_ms);
  else if (auto stations = gather_stations(sight, ask.station, ask.titles); ask.path == kStations)
    body = station_list_json(stations, url);
  else if (ask.path == kStation)
    body = station_json(first(std::move(stations)), url);
  else if (ask.station.empty())
    body = nowplaying_list_json(stations, now_ms, url);
  else
    body = nowplaying_json(first(std::move(stations)), now_ms, url);
  return Result<RenderedPage>(RenderedPage{std::string(kNowType), std::move(body), false, true});
}

}  // namespace lb
