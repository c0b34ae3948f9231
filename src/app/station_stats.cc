#include "app/station_stats.h"

#include <algorithm>
#include <ctime>

#include "admin/stats_feed.h"
#include "app/cluster_service.h"
#include "app/mount_files.h"
#include "app/mount_load.h"

namespace lb {
namespace {

std::tm local_parts(WallTime when) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return parts;
}

template <class T>
std::string number(const std::atomic<T>& value) {
  return std::to_string(value.load(std::memory_order_relaxed));
}

void add_times(std::map<std::string, std::string>& fields, const std::string& name, WallTime when) {
  const std::tm parts = local_parts(when);
  char text[64];
  fields[name] =
      std::string(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S %z", &parts));
  fields[name + "_iso8601"] =
      std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S%z", &parts));
}

// What the configuration says about a stream wins, and may change while it runs.
void add_overrides(std::map<std::string, std::string>& fields, const MountSettings& settings) {
  const auto put = [&fields](const char* key, const std::optional<std::string>& value) {
    if (value) fields[key] = *value;
  };
  put("server_name", settings.stream_name);
  put("server_description", settings.stream_description);
  put("server_url", settings.stream_url);
  put("genre", settings.genre);
  put("bitrate", settings.bitrate);
  put("server_type", settings.type);
  put("subtype", settings.subtype);
  if (settings.is_public >= 0) fields["public"] = std::to_string(settings.is_public);
}

void add_codec(std::map<std::string, std::string>& fields, const CodecFacts& codec) {
  if (!codec.subtype.empty()) fields.try_emplace("subtype", codec.subtype);
  if (codec.audio_channels > 0 && codec.subtype.find("Vorbis") != std::string::npos)
    fields["audio_channels"] = std::to_string(codec.audio_channels);
  if (codec.audio_samplerate_hz > 0 && codec.subtype.find("Vorbis") != std::string::npos)
    fields["audio_samplerate"] = std::to_string(codec.audio_samplerate_hz);
  if (codec.audio_bitrate_bps > 0) {
    fields["audio_bitrate"] = std::to_string(codec.audio_bitrate_bps);
    fields["ice-bitrate"] = std::to_string(codec.audio_bitrate_bps / 1000);
  }
  for (const auto& [name, value] : codec.other) fields[name] = value;
}

StatsSource make_source(const Mount& mount, const std::string& authority,
                        const ListenersElsewhere& elsewhere) {
  StatsSource source;
  const auto settings = mount.settings();
  const auto facts = mount.facts();
  const auto metadata = mount.metadata();
  source.mount = mount.name();
  source.hidden = settings->hidden;
  auto& fields = source.fields;
  fields = facts->stats;
  fields["listeners"] = std::to_string(mount.listeners());
  std::int64_t peak = mount.listener_peak.load(std::memory_order_relaxed);
  if (elsewhere.counted) {
    const std::uint64_t people = people_of(mount) + elsewhere.of(mount.name());
    fields["listeners"] = std::to_string(people);
    fields["listeners_local"] = std::to_string(people_of(mount));
    peak = std::max(peak, static_cast<std::int64_t>(people));  // control notes it a moment later
  }
  fields["listener_peak"] = std::to_string(peak);
  fields["slow_listeners"] = number(mount.slow_listeners);
  fields["total_bytes_read"] = number(mount.bytes_read);
  fields["total_bytes_sent"] = number(mount.bytes_sent);
  fields["listenurl"] =
      settings->listenurl.empty() ? "http://" + authority + mount.name() : settings->listenurl;
  fields["max_listeners"] =
      settings->max_listeners < 0 ? "unlimited" : std::to_string(settings->max_listeners);
  if (mount.phase() == MountPhase::kIdle) {
    fields["on_demand"] = std::to_string(1);
    fields["public"] = std::to_string(std::max(settings->is_public, 0));
    for (const char* unread : {"slow_listeners", "total_bytes_read", "total_bytes_sent"})
      fields.erase(unread);
    return source;
  }
  add_times(fields, "stream_start", facts->started_wall);
  if (!settings->authenticator.type.empty()) fields["authenticator"] = settings->authenticator.type;
  if (!metadata->artist.empty()) fields["artist"] = metadata->artist;
  if (!metadata->title.empty()) fields["title"] = metadata->title;
  add_codec(fields, *mount.codec());
  add_overrides(fields, *settings);
  return source;
}

// Somebody else plays for the listeners of a mount that has no source of its own.
bool fallback_plays(const Services& services, const Config& config, const MountSettings& settings,
                    bool files_too) {
  constexpr int kLongestChain = 10;
  std::string name = settings.fallback_mount;
  for (int depth = 0; depth < kLongestChain && !name.empty(); ++depth) {
    if (services.mounts.find(name) || (files_too && services.mount_files->fallback(name)))
      return true;
    name = mount_settings(config, name).fallback_mount;
  }
  return false;
}

// What Icecast shows of such a mount.
StatsSource make_waiting(const MountSettings& settings, const std::string& authority) {
  StatsSource source;
  source.mount = settings.name;
  source.hidden = settings.hidden;
  source.running = false;
  source.fields.emplace("listeners", "0");
  source.fields["listenurl"] =
      settings.listenurl.empty() ? "http://" + authority + settings.name : settings.listenurl;
  source.fields["max_listeners"] =
      settings.max_listeners < 0 ? "unlimited" : std::to_string(settings.max_listeners);
  return source;
}

}  // namespace

std::vector<MountSettings> mounts_on_fallback(const Services& services, const Config& config,
                                              bool files_too) {
  const auto mounts = services.mounts.all();
  std::vector<MountSettings> out;
  for (const MountSettings& settings : config.mounts)
    if (settings.name.find_first_of("*?[") == std::string::npos &&
        !mounts->contains(settings.name) && fallback_plays(services, config, settings, files_too))
      out.push_back(settings);
  return out;
}

StatsDocument make_stats(const Services& services, const ListenersElsewhere& elsewhere) {
  const auto config = services.config.read();
  const ServerCounters& counters = services.counters;
  StatsDocument document;
  auto& globals = document.globals;
  globals["admin"] = config->admin;
  globals["host"] = config->hostname;
  globals["location"] = config->location;
  globals["server_id"] = config->server_id;
  add_times(globals, "server_start", services.started_wall);
  globals["client_connections"] = number(counters.client_connections);
  globals["clients"] = std::to_string(counters.clients.inside());
  globals["connections"] = number(counters.connections);
  globals["file_connections"] = number(counters.file_connections);
  globals["listener_connections"] = number(counters.listener_connections);
  globals["listeners"] = std::to_string(counters.listeners.inside());
  globals["source_client_connections"] = number(counters.source_client_connections);
  globals["source_relay_connections"] = number(counters.source_relay_connections);
  globals["source_total_connections"] = number(counters.source_total_connections);
  globals["sources"] = std::to_string(counters.sources.inside());
  globals["stats"] = std::to_string(services.stats_feed->followers());
  globals["stats_connections"] = number(counters.stats_connections);
  const std::string authority = Services::authority(*config);
  const auto mounts = services.mounts.all();
  for (const auto& [name, mount] : *mounts)
    document.sources.push_back(make_source(*mount, authority, elsewhere));
  for (const MountSettings& settings : mounts_on_fallback(services, *config, true))
    document.sources.push_back(make_waiting(settings, authority));
  for (const auto& file : services.mount_files->fallbacks())
    if (file->listeners() > 0) document.sources.push_back(make_source(*file, authority, elsewhere));
  if (elsewhere.counted) {
    std::uint64_t local = 0;
    for (const auto& [name, mount] : *mounts) local += people_of(*mount);
    globals["listeners"] = std::to_string(local + elsewhere.all);
    globals["listeners_local"] = std::to_string(local);
  }
  std::sort(document.sources.begin(), document.sources.end(),
            [](const StatsSource& a, const StatsSource& b) { return a.mount < b.mount; });
  return document;
}

}  // namespace lb
