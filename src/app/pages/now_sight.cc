#include "app/pages/now_sight.h"

#include <algorithm>

#include "app/cluster/cluster_links.h"
#include "app/cluster/title_links.h"
#include "app/pages/foreign_pages.h"
#include "app/pages/open_past.h"
#include "app/pages/page_cache.h"
#include "app/services/hls_service.h"
#include "app/services/playing_mount.h"
#include "app/services/services.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "base/time_zone.h"
#include "cluster/nodes/public_address.h"
#include "config/settings/config.h"
#include "stream/log/wall_place.h"
#include "stream/source/source_facts.h"

namespace lb {
namespace {

// A relay that waits for a listener counts as on the air.
bool waits_for_listeners(const Network& network, const std::string& name) {
  const auto mount = network.mounts.find(name);
  return mount && mount->phase() == MountPhase::kIdle;
}

bool is_on_air(const Network& network, const std::string& name) {
  const auto mount = network.mounts.find(name);
  return (mount && mount->phase() == MountPhase::kRunning) || waits_for_listeners(network, name) ||
         network.links->titles().elsewhere(name).has_value();
}

NowStream quality_of(const NowSight& sight, const std::string& name) {
  NowStream stream;
  stream.mount = name;
  stream.url = cat({"http://", Services::authority(sight.config), name});
  // Statistics have the raw name, as Icecast's; here it is part of an address and must be encoded.
  const auto take_address = [&name](std::string& url, std::string_view end) {
    const std::string own = cat({name, end});
    if (url.ends_with(own))
      url.replace(url.size() - own.size(), own.size(), cat({percent_encode(name, true), end}));
  };
  if (const auto at = sight.shown->numbers.find(name); at != sight.shown->numbers.end())
    stream.number = at->second;
  if (const StatsSource* source = find_source(sight.document, name)) {
    if (const auto at = source->fields.find("listenurl"); at != source->fields.end())
      stream.url = at->second;
    if (const auto at = source->fields.find("hls_url"); at != source->fields.end())
      stream.hls_url = at->second;
  }
  take_address(stream.url, "");
  take_address(stream.hls_url, "/live.m3u8");
  const auto mount = sight.network.mounts.find(name);
  const auto facts = mount ? mount->facts() : nullptr;
  if (facts == nullptr) return stream;
  stream.content_type = facts->content_type;
  stream.listeners = static_cast<std::uint64_t>(mount->audience());
  if (const auto by_hls = sight.by_hls.find(mount.get()); by_hls != sight.by_hls.end())
    stream.hls_listeners = by_hls->second;
  if (const auto at = facts->stats.find("bitrate"); at != facts->stats.end())
    stream.bitrate = at->second;
  else if (mount->shown_kbps() > 0)
    stream.bitrate = std::to_string(mount->shown_kbps());
  return stream;
}

// How far behind the newest byte a player begins.
std::int64_t burst_ms_of(const Mount& mount, const StreamView& view) {
  const std::uint64_t rate = mount.usual_bytes_per_second();
  const std::uint64_t burst =
      std::min<std::uint64_t>(mount.settings()->burst_bytes, view.end - view.begin);
  return rate > 0 ? static_cast<std::int64_t>(burst * 1000 / rate) : 0;
}

// Notes the newest byte at which a decoder may start.
void find_live(const Mount& mount, NowMount& now) {
  const auto view = mount.channel().newest();
  if (view == nullptr) return;
  if (view->wall_seams != nullptr) now.seams = *view->wall_seams;
  if (const auto oldest = oldest_place(*view)) now.oldest_ms = oldest->wall_ms;
  if (view->sync.empty()) return;
  const SyncMark& mark = view->sync[view->sync.end() - 1];
  const StreamSpan* span = view->span_at(mark.position);
  if (span == nullptr || !span->has_address()) return;
  now.live_at = {span->id, span->origin_of(mark.position)};
  if (span->anchored) now.live_ms = span->begin_of(mark.time);
  now.burst_ms = burst_ms_of(mount, *view);
}

// Sets the present title, with its time if known, and removes it from the earlier ones.  Later
// titles, which other nodes have sent but the stream has not brought yet, are removed too.
void take_title(NowMount& now, const std::string& song) {
  const std::string text = TitleHistory::shown_text(song);
  const auto known = std::find_if(now.history.begin(), now.history.end(),
                                  [&](const PlayedTitle& each) { return each.title == text; });
  now.title_has_time = known != now.history.end();
  now.title = now.title_has_time ? *known : PlayedTitle{{}, text};
  if (now.title_has_time) now.history.erase(now.history.begin(), known + 1);
}

// Adds the titles of the fallback since the mount's own stream ended, before those of that stream.
void take_title_of(NowMount& now, const Mount& fallback, std::vector<PlayedTitle> titles,
                   WallTime ended) {
  const std::string text = TitleHistory::shown_text(fallback.metadata()->song());
  if (text.empty()) return;
  if (const auto view = fallback.channel().newest()) now.burst_ms = burst_ms_of(fallback, *view);
  const auto present = std::ranges::find(titles, text, &PlayedTitle::title);
  now.title_has_time = present != titles.end();
  now.title = PlayedTitle{{}, text};
  if (!now.title_has_time) return;
  if (!now.history.empty()) ended = std::max(ended, now.history.front().at);
  auto heard = std::find_if(present, titles.end(),
                            [&](const PlayedTitle& each) { return each.at <= ended; });
  if (heard != titles.end()) (heard++)->at = ended;
  now.title = *present;
  now.history.insert(now.history.begin(), present + 1, heard);
}

// The station's own facts win over those of its encoders.
void take_station(NowMount& now, const ShownStation& station, const Config& config) {
  now.station.number = station.number;
  now.station.id = station.id;
  if (config.player.enabled)
    now.station.page =
        cat({"/listen", station.settings != nullptr ? "/" + station.id
                                                    : percent_encode(now.stream.mount, true)});
  if (station.settings == nullptr) return;
  const StationSettings& settings = *station.settings;
  const auto take = [](std::string& field, const std::string& value) {
    if (!value.empty()) field = value;
  };
  take(now.stream.name, settings.name);
  take(now.stream.genre, settings.genre);
  take(now.stream.url, settings.url);
  take(now.description, settings.description);
  if (find_time_zone(settings.timezone)) now.station.timezone = settings.timezone;
  if (settings.logo.starts_with('/')) now.station.logo = settings.logo;
  if (settings.default_art.starts_with('/')) now.station.art = settings.default_art;
}

// The streams that a listener may choose from, beginning with this one.
std::vector<NowStream> streams_of(const NowSight& sight, const ShownStation& station,
                                  const std::string& name) {
  std::vector<std::string> names{name};
  const auto add = [&names](const std::string& other) {
    if (std::ranges::find(names, other) == names.end()) names.push_back(other);
  };
  for (const std::string& other : station.mounts) add(other);
  for (const HlsVariantRow& row : mount_section(sight.config, name).hls_variants)
    if (!mount_section(sight.config, row.mount).hidden) add(row.mount);
  std::vector<NowStream> out;
  for (const std::string& each : names) out.push_back(quality_of(sight, each));
  return out;
}

std::optional<Presenter> presenter_now(const NowSight& sight, const std::string& name) {
  const auto mount = sight.network.mounts.find(name);
  if (mount && mount->phase() == MountPhase::kRunning)
    if (auto own = presenter_of(*mount->facts(), mount_section(sight.config, name))) return own;
  return sight.network.links->titles().presenter_elsewhere(name);
}

NowMount gather(const NowSight& sight, const ShownStation& station, const std::string& name,
                std::size_t titles) {
  const Network& network = sight.network;
  NowMount now;
  now.stream = shoutcast_stream(network, sight.config, name, sight.document);
  if (const StatsSource* source = find_source(sight.document, name))
    if (const auto at = source->fields.find("server_description");
        at != source->fields.end() && at->second != kUnspecifiedDescription)
      now.description = at->second;
  if (now.stream.name.empty() || now.stream.name == kUnspecifiedName)
    now.stream.name = mount_section(sight.config, name).stream_name.value_or(name);
  now.history = network.titles.of(name);
  if (!now.stream.title.empty() && now.stream.on_air) {
    take_title(now, now.stream.title);
  } else if (!now.stream.on_air) {
    // The mount plays at another node.
    if (const auto told = network.links->titles().elsewhere(name)) {
      now.stream.on_air = true;
      take_title(now, told->title);
      now.title = *told;
      now.title_has_time = true;
    } else if (const auto fallback = heard_instead(network, sight.config, name)) {
      now.stream.on_air = true;
      now.heard = fallback->name();
      take_title_of(now, *fallback, network.titles.of(now.heard), network.titles.ended(name));
    } else {
      now.stream.on_air = waits_for_listeners(network, name);
    }
  }
  if (now.stream.on_air) now.next = network.titles.next_of(name);
  if (now.stream.on_air && !now.next && now.title)
    now.next = network.links->titles().next_elsewhere(name, now.title->title);
  if (now.history.size() > titles) now.history.resize(titles);
  if (const auto mount = network.mounts.find(name)) find_live(*mount, now);
  if (now.stream.on_air) now.presenter = presenter_now(sight, name);
  if (const auto past = open_past(network, sight.config, name); !past.empty())
    now.oldest_ms = std::min(past.front().from_ms, now.oldest_ms.value_or(past.front().from_ms));
  now.streams = streams_of(sight, station, name);
  take_station(now, station, sight.config);
  // Pages link to this; web_link() drops an encoder's "javascript:…".
  now.stream.url = web_link(now.stream.url);
  return now;
}

}  // namespace

NowSight::NowSight(const Services& of, const Config& by, const StatsDocument& in)
    : network(of),
      config(by),
      document(in),
      shown(of.pages->stations().shown(of, by)),
      by_hls(of.hls->sessions().by_mount()) {}

std::shared_ptr<Mount> heard_instead(const Network& network, const Config& config,
                                     const std::string& name) {
  if (is_on_air(network, name)) return nullptr;
  auto mount = playing_mount(network, config, name, false);
  return mount && mount->name() != name ? mount : nullptr;
}

const std::string& present_stream(const Network& network, const ShownStation& station) {
  for (const std::string& name : station.mounts)
    if (is_on_air(network, name)) return name;
  return station.mounts.front();
}

std::vector<NowMount> gather_mounts(const NowSight& sight, const std::optional<std::string>& only,
                                    std::size_t titles) {
  const auto& station_of = sight.shown->station_of;
  std::vector<NowMount> all;
  if (!only) {
    for (const std::string& name : sight.shown->names)
      all.push_back(gather(sight, *station_of.at(name), name, titles));
  } else if (const auto at = station_of.find(*only); at != station_of.end()) {
    all.push_back(gather(sight, *at->second, *only, titles));
  }
  return all;
}

std::vector<NowMount> gather_stations(const NowSight& sight, const std::string& only,
                                      std::size_t titles) {
  std::vector<NowMount> all;
  for (const ShownStation& station : sight.shown->stations) {
    if (!only.empty() && only != station.id) continue;
    const std::string& present = present_stream(sight.network, station);
    all.push_back(gather(sight, station, present, titles));
    for (const std::string& name : station.mounts)
      if (name != present)
        all.back().stream.listeners +=
            shoutcast_stream(sight.network, sight.config, name, sight.document).listeners;
  }
  return all;
}

}  // namespace lb
