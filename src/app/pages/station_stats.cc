#include "app/pages/station_stats.h"

#include <algorithm>
#include <set>

#include "admin/feed/stats_feed.h"
#include "admin/page/player_page.h"
#include "app/cluster/cluster_service.h"
#include "app/services/archive_service.h"
#include "app/services/mount_fallbacks.h"
#include "app/services/mount_files.h"
#include "app/services/services.h"
#include "app/services/worker.h"
#include "app/topology/mount_load.h"
#include "base/cat.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "stream/listener/loop_streams.h"
#include "stream/source/source_facts.h"
#include "stream/source/source_set.h"

namespace lb {
namespace {

constexpr const char* kKhTime = "%d/%b/%Y:%H:%M:%S %z";

template <class T>
std::string number(const std::atomic<T>& value) {
  return std::to_string(value.load(std::memory_order_relaxed));
}

void add_times(std::map<std::string, std::string>& fields, const std::string& name, WallTime when) {
  fields[name] = local_text(when, "%a, %d %b %Y %H:%M:%S %z");
  fields[name + "_iso8601"] = local_text(when, "%Y-%m-%dT%H:%M:%S%z");
}

// The configuration wins over the stream's facts, and may change while it runs.
void add_overrides(std::map<std::string, std::string>& fields, const MountSettings& settings) {
  const auto put = [&fields](const char* key, const std::optional<std::string>& value) {
    if (value) fields[key] = *value;
  };
  put("server_name", settings.stream_name);
  put("server_description", settings.stream_description);
  put("server_url", settings.stream_url);
  if (const auto url = fields.find("server_url"); url != fields.end())
    url->second = web_link(url->second);
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

// The address of the player page; hidden mounts have none.
void add_page(StatsFields& fields, const Config& config, const std::string& authority,
              const MountSettings& settings, const std::string& mount) {
  if (config.player.enabled && !settings.hidden && !settings.no_mount)
    fields["player_url"] = cat({"http://", authority, kPlayerPath, percent_encode(mount, true)});
}

// Icecast-KH's numbers of a running source, for its monitors.
void add_kh_numbers(StatsFields& fields, const Mount& mount, WallTime titled, SteadyTime now) {
  constexpr auto kFlows = std::chrono::seconds(10);
  const auto facts = mount.facts();
  const bool flows = facts->from_file || (mount.is_fed() && now - mount.last_data() < kFlows);
  const std::uint64_t bits = flows ? 8 * mount.bytes_per_second.load(std::memory_order_relaxed) : 0;
  const auto listeners = static_cast<std::uint64_t>(std::max<std::int64_t>(0, mount.listeners()));
  const auto view = mount.channel().newest();
  const auto connected = std::max(SteadyTime::duration(0), now - facts->started);
  fields["connected"] =
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(connected).count());
  fields["incoming_bitrate"] = std::to_string(bits);
  fields["listener_connections"] = number(mount.listener_connections);
  fields["outgoing_kbitrate"] = std::to_string(bits * listeners / 1024);
  fields["queue_size"] = std::to_string(view->end - view->begin);
  fields["total_mbytes_sent"] =
      std::to_string(mount.bytes_sent.load(std::memory_order_relaxed) >> 20);
  if (titled != WallTime{}) fields["metadata_updated"] = local_text(titled, kKhTime);
}

StatsSource make_source(const Mount& mount, const Config& config, const std::string& authority,
                        const ListenersElsewhere& elsewhere) {
  StatsSource source;
  const auto settings = mount.settings();
  const auto facts = mount.facts();
  const auto metadata = mount.metadata();
  source.mount = mount.name();
  source.hidden = settings->hidden;
  auto& fields = source.fields;
  fields = facts->stats;
  fields["listeners"] = std::to_string(audience_at(mount));
  std::int64_t peak = mount.listener_peak.load(std::memory_order_relaxed);
  if (elsewhere.counted) {
    const std::uint64_t audience = audience_at(mount) + elsewhere.of(mount.name());
    fields["listeners"] = std::to_string(audience);
    fields["listeners_local"] = std::to_string(audience_at(mount));
    peak = std::max(peak, static_cast<std::int64_t>(audience));  // control notes it a moment later
  }
  fields["listener_peak"] = std::to_string(peak);
  fields["slow_listeners"] = number(mount.slow_listeners);
  fields["total_bytes_read"] = number(mount.bytes_read);
  fields["total_bytes_sent"] = number(mount.bytes_sent);
  fields["listenurl"] =
      settings->listenurl.empty() ? cat({"http://", authority, mount.name()}) : settings->listenurl;
  if (!facts->from_file) add_page(fields, config, authority, *settings, mount.name());
  int most = settings->max_listeners;
  if (const int all = settings->max_listeners_cluster; all >= 0 && (most < 0 || all < most))
    most = all;
  fields["max_listeners"] = most < 0 ? "unlimited" : std::to_string(most);
  if (mount.phase() == MountPhase::kIdle) {
    fields["on_demand"] = std::to_string(1);
    fields["public"] = std::to_string(std::max(settings->is_public, 0));
    for (const char* unread : {"slow_listeners", "total_bytes_read", "total_bytes_sent"})
      fields.erase(unread);
    return source;
  }
  add_times(fields, "stream_start", facts->started_wall);
  if (settings->hls && facts->plugin != nullptr && facts->plugin->name == "mpeg")
    fields["hls_url"] = fields["listenurl"] + "/live.m3u8";
  if (!settings->authenticator.type.empty()) fields["authenticator"] = settings->authenticator.type;
  if (!metadata->artist.empty()) fields["artist"] = metadata->artist;
  if (!metadata->title.empty()) fields["title"] = metadata->title;
  if (const unsigned standbys = mount.standbys.load(std::memory_order_relaxed); standbys > 0)
    fields["standby_sources"] = std::to_string(standbys);
  add_codec(fields, *mount.codec());
  add_overrides(fields, *settings);
  // Many encoders do not send the rate.
  const bool says_rate = fields.contains("bitrate") || fields.contains("ice-bitrate");
  if (const unsigned kbps = mount.shown_kbps(); !says_rate && kbps > 0 && mount.is_fed())
    fields["bitrate"] = std::to_string(kbps);
  return source;
}

void add_kh_numbers(StatsFields& globals, const Services& services) {
  std::uint64_t read = 0, sent = 0;
  for (const auto& worker : services.workers) {
    read += worker->sources->bytes_read();
    sent += worker->streams->bytes_sent();
  }
  globals["outgoing_kbitrate"] = std::to_string(services.load.read().bits_per_second / 1024);
  globals["stream_kbytes_read"] = std::to_string(read / 1024);
  globals["stream_kbytes_sent"] = std::to_string(sent / 1024);
}

// The row that Icecast shows for such a mount.
StatsSource make_waiting(const MountSettings& settings, const Config& config,
                         const std::string& authority) {
  StatsSource source;
  source.mount = settings.name;
  source.hidden = settings.hidden;
  source.running = false;
  source.fields.emplace("listeners", "0");
  source.fields["listenurl"] =
      settings.listenurl.empty() ? cat({"http://", authority, settings.name}) : settings.listenurl;
  add_page(source.fields, config, authority, settings, settings.name);
  source.fields["max_listeners"] =
      settings.max_listeners < 0 ? "unlimited" : std::to_string(settings.max_listeners);
  return source;
}

template <class Wanted>
void add_waiting(StatsDocument& document, const Services& services, const Config& config,
                 const MountTable::Rows& mounts, Wanted&& wanted) {
  for_each_section(config, [&](const MountSettings& settings) {
    if (wanted(settings.name) &&
        waits_on_fallback(config, settings, mounts, services.mount_files.get()))
      document.sources.push_back(make_waiting(settings, config, Services::authority(config)));
  });
}

}  // namespace

StatsDocument make_stats(const Services& services, const ListenersElsewhere& elsewhere,
                         const std::optional<std::string>& only) {
  const auto config = services.config.read();
  const ServerCounters& counters = services.counters;
  StatsDocument document;
  auto& globals = document.globals;
  globals["admin"] = config->admin;
  globals["host"] = config->hostname;
  globals["location"] = config->location;
  // For pages that link to player pages; no program of Icecast uses it.
  if (!config->player.enabled) globals["player"] = "0";
  globals["server_id"] = config->server_id;
  add_times(globals, "server_start", services.started_wall);
  globals["client_connections"] = number(counters.client_connections);
  globals["clients"] = std::to_string(counters.clients.inside());
  globals["connections"] = number(counters.connections);
  globals["file_connections"] = number(counters.file_connections);
  globals["listener_connections"] = number(counters.listener_connections);
  globals["listeners"] = std::to_string(services.audience());
  globals["source_client_connections"] = number(counters.source_client_connections);
  globals["source_relay_connections"] = number(counters.source_relay_connections);
  globals["source_total_connections"] = number(counters.source_total_connections);
  globals["sources"] = std::to_string(counters.sources.inside());
  globals["stats"] = std::to_string(services.stats_feed->followers());
  globals["stats_connections"] = number(counters.stats_connections);
  add_kh_numbers(globals, services);
  const std::string authority = Services::authority(*config);
  const auto mounts = services.mounts.all();
  const SteadyTime now = services.clock.steady();
  const auto add = [&](const Mount& mount) {
    document.sources.push_back(make_source(mount, *config, authority, elsewhere));
    if (mount.phase() == MountPhase::kIdle) return;
    add_kh_numbers(document.sources.back().fields, mount, services.titles.newest_at(mount.name()),
                   now);
  };
  if (only) {
    if (const auto mount = mounts->find(*only); mount != mounts->end()) add(*mount->second);
  } else {
    for (const auto& [name, mount] : *mounts) add(*mount);
  }
  std::set<std::string> playing_files;
  for (const auto& file : services.mount_files->fallbacks())
    if ((!only || file->name() == *only) && file->listeners() > 0 &&
        playing_files.insert(file->name()).second)
      add(*file);
  add_waiting(document, services, *config, *mounts, [&](const std::string& name) {
    return (!only || name == *only) && !playing_files.contains(name);
  });
  if (elsewhere.counted) {
    std::uint64_t local = 0;
    for (const auto& [name, mount] : *mounts) local += audience_at(*mount);
    for (const auto& mount : services.archive->off_air())
      if (!mounts->contains(mount->name())) local += audience_at(*mount);
    globals["listeners"] = std::to_string(local + elsewhere.all());
    globals["listeners_local"] = std::to_string(local);
  }
  std::sort(document.sources.begin(), document.sources.end(),
            [](const StatsSource& a, const StatsSource& b) { return a.mount < b.mount; });
  return document;
}

}  // namespace lb
