#include "app/station/now_pages.h"

#include <algorithm>

#include "admin/azuracast_json.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/listeners_elsewhere.h"
#include "app/station/foreign_pages.h"
#include "app/station/station_stats.h"
#include "base/cat.h"
#include "base/strings.h"
#include "http/message.h"

namespace lb {
namespace {

constexpr std::string_view kNow = "/api/v1/now";
constexpr std::string_view kNowPlaying = "/api/nowplaying";
constexpr std::string_view kStatic = "/api/nowplaying_static/";
constexpr std::string_view kStations = "/api/stations";
constexpr std::string_view kStation = "/api/station";
constexpr std::string_view kOfStation = "station:";
constexpr std::uint64_t kMostTitlesBefore = 100;
constexpr unsigned kUsualTitles = 5;
constexpr std::string_view kNowType = "application/json; charset=UTF-8";

// The names of the stations, in the order of the streams: those that are alike are numbered.
std::vector<std::string> station_ids(const std::vector<std::string>& streams) {
  std::vector<std::string> ids;
  std::map<std::string, unsigned> seen;
  for (const std::string& stream : streams) {
    std::string id = station_id(stream);
    while (const unsigned count = seen[id]++) id = cat({station_id(stream), "_", count + 1});
    ids.push_back(std::move(id));
  }
  return ids;
}

std::optional<std::string> stream_of_station(const std::vector<std::string>& streams,
                                             std::string_view id) {
  const auto ids = station_ids(streams);
  if (const auto at = std::find(ids.begin(), ids.end(), id); at != ids.end())
    return streams[static_cast<std::size_t>(at - ids.begin())];
  const auto number = parse_u64(id);
  if (!number || *number == 0 || *number > streams.size()) return std::nullopt;
  return streams[static_cast<std::size_t>(*number - 1)];
}

const StatsSource* find_source(const StatsDocument& document, const std::string& mount) {
  for (const StatsSource& source : document.sources)
    if (source.mount == mount) return &source;
  return nullptr;
}

NowStream quality_of(const Services& services, const Config& config, const std::string& name,
                     const StatsDocument& document) {
  NowStream stream;
  stream.mount = name;
  stream.url = cat({"http://", Services::authority(config), name});
  if (const StatsSource* source = find_source(document, name)) {
    if (const auto at = source->fields.find("listenurl"); at != source->fields.end())
      stream.url = at->second;
    if (const auto at = source->fields.find("hls_url"); at != source->fields.end())
      stream.hls_url = at->second;
  }
  const auto mount = services.mounts.find(name);
  const auto facts = mount ? mount->facts() : nullptr;
  if (facts == nullptr) return stream;
  stream.content_type = facts->content_type;
  stream.listeners = static_cast<std::uint64_t>(mount->audience());
  if (const auto at = facts->stats.find("bitrate"); at != facts->stats.end())
    stream.bitrate = at->second;
  else if (mount->shown_kbps() > 0)
    stream.bitrate = std::to_string(mount->shown_kbps());
  return stream;
}

// The newest byte at which a decoder may start, and how far behind it a player begins.
void find_live(const Mount& mount, NowMount& now) {
  const auto view = mount.channel().newest();
  if (view == nullptr || view->sync.empty()) return;
  const SyncMark& mark = view->sync[view->sync.end() - 1];
  const StreamSpan* span = view->span_at(mark.position);
  if (span == nullptr || !span->has_address()) return;
  now.live_at = {span->id, span->origin_of(mark.position)};
  if (span->anchored) now.live_ms = span->wall_of(mark.time.samples);
  const std::uint64_t rate = mount.usual_bytes_per_second();
  const std::uint64_t burst =
      std::min<std::uint64_t>(mount.settings()->burst_bytes, view->end - view->begin);
  if (rate > 0) now.burst_ms = static_cast<std::int64_t>(burst * 1000 / rate);
}

// The present title, with its time where that is remembered, and not among those before it.  Titles
// that other nodes have told of, and that the stream has not brought yet, are left out.
void take_title(NowMount& now, const std::string& text) {
  const auto known = std::find_if(now.history.begin(), now.history.end(),
                                  [&](const PlayedTitle& each) { return each.title == text; });
  now.title_has_time = known != now.history.end();
  now.title = now.title_has_time ? *known : PlayedTitle{{}, text};
  if (now.title_has_time) now.history.erase(now.history.begin(), known + 1);
}

NowMount gather(const Services& services, const Config& config, const std::string& name,
                const StatsDocument& document, std::size_t titles) {
  NowMount now;
  now.stream = shoutcast_stream(services, config, name, document);
  if (const StatsSource* source = find_source(document, name))
    if (const auto at = source->fields.find("server_description"); at != source->fields.end())
      now.description = at->second;
  now.history = services.titles.of(name);
  if (!now.stream.title.empty() && now.stream.on_air) {
    take_title(now, now.stream.title);
  } else if (!now.stream.on_air) {
    // It plays at another node.
    if (const auto told = services.links->titles().elsewhere(name)) {
      now.stream.on_air = true;
      take_title(now, told->title);
      now.title = *told;
      now.title_has_time = true;
    }
  }
  if (now.history.size() > titles) now.history.resize(titles);
  if (const auto mount = services.mounts.find(name)) find_live(*mount, now);
  now.streams.push_back(quality_of(services, config, name, document));
  for (const HlsVariantRow& row : mount_section(config, name).hls_variants)
    if (row.mount != name && !mount_section(config, row.mount).hidden)
      now.streams.push_back(quality_of(services, config, row.mount, document));
  return now;
}

std::vector<NowMount> gather_all(const Services& services, const Config& config,
                                 const StatsDocument& document,
                                 const std::optional<std::string>& only, std::size_t titles) {
  std::vector<NowMount> all;
  const auto streams = numbered_streams(services, config);
  const auto ids = station_ids(streams);
  for (std::size_t i = 0; i < streams.size(); ++i) {
    if (only && *only != streams[i]) continue;
    all.push_back(gather(services, config, streams[i], document, titles));
    all.back().number = i + 1;
    all.back().id = ids[i];
  }
  return all;
}

bool is_below(std::string_view path, std::string_view base) {
  return path.size() > base.size() + 1 && path.starts_with(base) && path[base.size()] == '/';
}

// "" for the address itself, or without its trailing slash; nullopt: another address.
std::optional<std::string> id_below(std::string_view path, std::string_view base) {
  if (path == base ||
      (path.size() == base.size() + 1 && path.starts_with(base) && path.back() == '/'))
    return "";
  if (!is_below(path, base)) return std::nullopt;
  std::string_view id = path.substr(base.size() + 1);
  if (id.ends_with('/')) id.remove_suffix(1);
  return std::string(id);
}

NowFault no_stream() { return {404, "there is no such stream here, or it is not shown"}; }

// MOUNT of /api/v1/now/MOUNT/WHAT.
std::optional<std::string> mount_of(const Services& services, const std::string& path,
                                    std::string_view what) {
  if (!is_below(path, kNow) || !path.ends_with(what)) return std::nullopt;
  const auto config = services.config.read();
  std::string mount = path.substr(kNow.size());
  // A mount may be called so.
  if (is_shown_stream(services, *config, mount)) return std::nullopt;
  mount.resize(mount.size() - what.size());
  if (mount.empty()) return std::nullopt;
  if (mount.starts_with(cat({"/", kOfStation})))
    return stream_of_station(numbered_streams(services, *config),
                             std::string_view(mount).substr(1 + kOfStation.size()));
  if (!is_shown_stream(services, *config, mount)) return std::nullopt;
  return mount;
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
  // Looks through all streams; an address of a mount does not.
  const auto by_id = [&](std::string_view id) {
    return stream_of_station(numbered_streams(services, *config), id);
  };
  const auto of = [&](std::string_view kind, const std::string& id) {
    PageAsk ask{std::string(kind), by_id(id), false, kUsualTitles};
    return ask.mount ? std::variant<PageAsk, NowFault>(std::move(ask)) : no_stream();
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
    const std::string wanted = path.substr(kNow.size() + 1);
    ask.mount = wanted.starts_with(kOfStation)
                    ? by_id(std::string_view(wanted).substr(kOfStation.size()))
                    : std::optional("/" + wanted);
    if (!ask.mount || !is_shown_stream(services, *config, *ask.mount)) return no_stream();
    const auto titles = query_param(query, "history");
    const auto number = titles ? parse_u64(*titles) : kUsualTitles;
    if (!number || *number > kMostTitlesBefore)
      return NowFault{
          400, cat({"history: a number of titles from 0 to ", kMostTitlesBefore, " is wanted"})};
    ask.titles = static_cast<unsigned>(*number);
  }
  return ask;
}

std::optional<std::string> place_path_mount(const Services& services, const std::string& path) {
  return mount_of(services, path, "/place");
}

std::optional<std::string> feed_path_mount(const Services& services, const std::string& path) {
  return mount_of(services, path, "/events");
}

NowMount now_of(const Services& services, const ListenersElsewhere& elsewhere,
                const std::string& mount, unsigned titles) {
  const StatsDocument document = make_stats(services, elsewhere, mount);
  auto all = gather_all(services, *services.config.read(), document, mount, titles);
  return all.empty() ? NowMount() : std::move(all.front());
}

std::optional<Result<RenderedPage>> now_page(const Services& services, const PageAsk& ask,
                                             const Config& config, const StatsDocument& document) {
  if (!is_now_path(ask.path) && ask.path != kStation) return std::nullopt;
  const auto all = gather_all(services, config, document, ask.mount, ask.titles);
  // It may have gone since it was asked for.
  const NowMount none;
  const NowMount& one = all.empty() ? none : all.front();
  const std::int64_t now_ms = unix_ms(services.clock.wall());
  const std::string url = cat({"http://", Services::authority(config)});
  std::string body;
  if (ask.path == kStations)
    body = station_list_json(all, url);
  else if (ask.path == kStation)
    body = station_json(one, url);
  else if (ask.path == kNowPlaying)
    body = ask.mount ? nowplaying_json(one, now_ms, url) : nowplaying_list_json(all, now_ms, url);
  else
    body = ask.mount ? now_json(one, now_ms) : now_list_json(all, now_ms);
  return Result<RenderedPage>(RenderedPage{std::string(kNowType), std::move(body), false});
}

}  // namespace lb
