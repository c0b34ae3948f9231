#include "app/station_stats.h"

#include <ctime>

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
  fields[name] = std::string(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S %z", &parts));
  fields[name + "_iso8601"] = std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S%z", &parts));
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

StatsSource make_source(const Mount& mount, const std::string& authority) {
  StatsSource source;
  const auto settings = mount.settings();
  const auto facts = mount.facts();
  const auto metadata = mount.metadata();
  source.mount = mount.name();
  source.hidden = settings->hidden;
  auto& fields = source.fields;
  fields = facts->stats;
  fields["listeners"] = std::to_string(mount.listeners());
  fields["listener_peak"] = number(mount.listener_peak);
  fields["slow_listeners"] = number(mount.slow_listeners);
  fields["total_bytes_read"] = number(mount.bytes_read);
  fields["total_bytes_sent"] = number(mount.bytes_sent);
  fields["listenurl"] = "http://" + authority + mount.name();
  fields["max_listeners"] = settings->max_listeners < 0 ? "unlimited" : std::to_string(settings->max_listeners);
  if (mount.phase() == MountPhase::kIdle) {
    fields["on_demand"] = std::to_string(1);
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

}  // namespace

StatsDocument make_stats(const Services& services) {
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
  globals["stats"] = std::to_string(0);
  globals["stats_connections"] = number(counters.stats_connections);
  const std::string authority = Services::authority(*config);
  for (const auto& [name, mount] : *services.mounts.all()) document.sources.push_back(make_source(*mount, authority));
  return document;
}

}  // namespace lb
