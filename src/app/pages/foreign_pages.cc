#include "app/pages/foreign_pages.h"

#include <algorithm>
#include <set>

#include "app/pages/station_table.h"
#include "app/services/services.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "http/message.h"
#include "http/static_files.h"
#include "stream/mount/mount.h"

namespace lb {
namespace {

constexpr std::string_view kOfOneStream[] = {"/7.html", "/stats", "/currentsong", "/played.html",
                                             "/played"};
constexpr std::string_view kHistoryJson = "/played.json";
constexpr std::string_view kHistoryPage = "/played.xsl";
// A page of all titles of a large server would have some 40 MB.
constexpr std::size_t kMostHistories = 1000;
constexpr std::string_view kJsonType = "application/json; charset=UTF-8";

bool is_shown(const Config& config, const std::string& mount) {
  return !mount_section(config, mount).hidden;
}

std::string field(const StatsSource* source, const char* name, const char* other = nullptr) {
  if (source == nullptr) return {};
  for (const char* key : {name, other})
    if (key != nullptr)
      if (const auto at = source->fields.find(key);
          at != source->fields.end() && field_is_shown(key, at->second))
        return at->second;
  return {};
}

std::vector<MountHistory> histories(const Traffic& traffic, const Config& config,
                                    const PageAsk& ask, const StatsDocument& document) {
  std::vector<MountHistory> out;
  const std::vector<std::string> names =
      ask.mount ? std::vector{*ask.mount} : traffic.titles.mounts(kMostHistories);
  for (const std::string& name : names) {
    std::vector<PlayedTitle> titles = traffic.titles.of(name);
    if (titles.empty() || !is_shown(config, name)) continue;
    out.push_back(
        {name, shoutcast_stream(traffic, config, name, document).name, std::move(titles)});
  }
  return out;
}

}  // namespace

std::vector<std::string> numbered_streams(const Config& config, const MountTable::Rows& mounts) {
  std::set<std::string> names;
  for_each_section(config, [&](const MountSettings& section) {
    if (!is_glob(section.name) && !section.hidden && !section.no_mount) names.insert(section.name);
  });
  for (const StationSettings& station : config.stations)
    for (const std::string& name : station.mounts)
      if (is_shown(config, name) && !mount_section(config, name).no_mount) names.insert(name);
  for (const auto& [id, station] : config.book.stations)
    for (const std::string& name : station->mounts)
      if (is_shown(config, name) && !mount_section(config, name).no_mount) names.insert(name);
  for (const auto& [name, mount] : mounts)
    if (is_shown(config, name)) names.insert(name);
  std::vector<std::string> out(names.begin(), names.end());
  if (const auto first = std::find(out.begin(), out.end(), config.shoutcast_mount);
      first != out.end())
    std::rotate(out.begin(), first, first + 1);
  return out;
}

bool is_shown_stream(const Traffic& traffic, const Config& config, const std::string& name) {
  if (!is_shown(config, name)) return false;
  const MountSettings& section = mount_section(config, name);
  if (section.name == name && !section.no_mount && !is_glob(name)) return true;
  return traffic.mounts.find(name) != nullptr ||
         (station_of(config, name) != nullptr && !section.no_mount);
}

ShoutcastStream shoutcast_stream(const Traffic& traffic, const Config& config,
                                 const std::string& name, const StatsDocument& document,
                                 bool hidden_too) {
  const StatsSource* source = find_source(document, name);
  if (source != nullptr && source->hidden && !hidden_too) source = nullptr;
  ShoutcastStream stream;
  stream.mount = name;
  stream.version = config.server_id;
  const MountSettings& section = mount_section(config, name);
  stream.most = section.max_listeners >= 0 ? static_cast<std::uint64_t>(section.max_listeners)
                                           : config.limits.clients;
  if (source == nullptr) return stream;
  const auto number = [source](const char* key) {
    return parse_u64(field(source, key)).value_or(0);
  };
  stream.on_air = source->running;
  stream.listeners = number("listeners");
  stream.peak = number("listener_peak");
  stream.listed = field(source, "public") == "1";
  stream.name = field(source, "server_name");
  stream.genre = field(source, "genre");
  stream.url = field(source, "server_url");
  stream.bitrate = field(source, "bitrate", "ice-bitrate");
  stream.samplerate = field(source, "audio_samplerate", "ice-samplerate");
  stream.content_type = field(source, "server_type");
  const auto mount = traffic.mounts.find(name);
  if (mount == nullptr) return stream;
  stream.title = mount->metadata()->song();
  stream.on_air = stream.on_air && mount->phase() == MountPhase::kRunning;
  stream.hits = mount->listener_connections.load(std::memory_order_relaxed);
  if (const auto facts = mount->facts(); facts && mount->phase() != MountPhase::kIdle)
    stream.uptime_seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(
        0, std::chrono::duration_cast<std::chrono::seconds>(traffic.clock.steady() - facts->started)
               .count()));
  return stream;
}

bool is_foreign_path(const Traffic& traffic, const std::string& path) {
  const bool ours = path == kHistoryJson || path == kHistoryPage;
  const bool theirs =
      std::find(std::begin(kOfOneStream), std::end(kOfOneStream), path) != std::end(kOfOneStream);
  return ours || (theirs && !traffic.files.read()->has_file(path));
}

std::optional<PageAsk> foreign_page_ask(const Services& services, const std::string& path,
                                        const std::string& query) {
  const auto config = services.config.read();
  PageAsk ask{path, query_param(query, "mount"), false};
  const auto shown = services.pages->stations().shown(services, *config);
  const auto known = [&shown](const std::string& name) { return shown->numbers.contains(name); };
  if (path == kHistoryJson || path == kHistoryPage) {
    // The titles of a mount that is gone remain available.
    if (ask.mount && !known(*ask.mount) &&
        (services.titles.of(*ask.mount).empty() || !is_shown(*config, *ask.mount)))
      ask.mount = "";
    return ask;
  }
  const std::string type = query_param(query, "type").value_or("");
  if (path == "/stats")
    ask.path = query_param(query, "json").value_or("") == "1" ? "/stats.json" : "/stats.xml";
  if (path == "/played" || path == "/played.html")
    ask.path = type == "xml" ? "/played/xml" : type == "json" ? "/played/json" : "/played.html";
  if (ask.mount) {
    if (!known(*ask.mount)) return std::nullopt;
    return ask;
  }
  const auto sid = parse_u64(query_param(query, "sid").value_or("1"));
  if (!sid || *sid == 0 || *sid > shown->names.size()) return std::nullopt;
  ask.mount = shown->names[static_cast<std::size_t>(*sid - 1)];
  return ask;
}

std::optional<Result<RenderedPage>> foreign_page(const Traffic& traffic, const PageAsk& ask,
                                                 const Config& config,
                                                 const StatsDocument& document,
                                                 XsltRenderer& renderer) {
  const auto page = [](std::string_view type, std::string body) {
    return Result<RenderedPage>(RenderedPage{std::string(type), std::move(body), false});
  };
  const std::string& path = ask.path;
  if (path == kHistoryJson)
    return page(kJsonType, history_json(histories(traffic, config, ask, document)));
  if (path == kHistoryPage || path == "/played.html")
    return renderer.render(TemplateRoot::kWeb, config.paths.webroot,
                           std::string(kHistoryPage.substr(1)),
                           history_xml(histories(traffic, config, ask, document)));
  const std::string mount = ask.mount.value_or("");
  if (path == "/played/xml")
    return page("text/xml; charset=UTF-8", shoutcast_played_xml(traffic.titles.of(mount)));
  if (path == "/played/json")
    return page(kJsonType, shoutcast_played_json(traffic.titles.of(mount)));
  if (path != "/7.html" && path != "/stats.xml" && path != "/stats.json" && path != "/currentsong")
    return std::nullopt;
  const ShoutcastStream stream = shoutcast_stream(traffic, config, mount, document);
  if (path == "/7.html") return page("text/html; charset=UTF-8", shoutcast_7_html(stream));
  if (path == "/stats.xml") return page("text/xml; charset=UTF-8", shoutcast_stats_xml(stream));
  if (path == "/stats.json") return page(kJsonType, shoutcast_stats_json(stream));
  return page("text/plain; charset=UTF-8", stream.title);
}

}  // namespace lb
