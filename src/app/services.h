// Services: the parts of the running server that its stages and commands use, in one place.
// Thread: every reference says in its own header who may use it from where.
// Ownership: app::Server owns all of it; it outlives the loops.
#pragma once

#include <memory>
#include <vector>

#include "app/drain.h"
#include "app/io_thread.h"
#include "app/mount_hooks.h"
#include "app/node_load.h"
#include "auth/authenticators.h"
#include "auth/ip_filter.h"
#include "auth/passwords.h"
#include "auth/throttle.h"
#include "base/log.h"
#include "base/snapshot.h"
#include "config/config.h"
#include "http/connections.h"
#include "http/static_files.h"
#include "net/fetch.h"
#include "net/loop_beats.h"
#include "net/loop_pool.h"
#include "net/tls_keeper.h"
#include "stream/dump_writer.h"
#include "stream/mount_table.h"
#include "stream/server_counters.h"
#include "stream/source_admission.h"

namespace lb {

class ClusterLinks;
class ClusterService;
class CountryWatch;
class DirectCalls;
class DirectoryService;
class EventService;
class MetricsService;
class MountFiles;
class PageCache;
class RelayService;
class ServerStation;
class StatsFeed;
struct Worker;

struct Services {
  explicit Services(const Clock& clock_given, std::shared_ptr<const Config> first,
                    unsigned worker_count);
  ~Services();

  const Clock& clock;
  Log log;
  Snapshot<Config> config;
  Snapshot<StaticFiles> files;
  Snapshot<HttpSettings> http;
  LoopPool loops;
  LoopBeats beats;
  TlsKeeper tls;  // clerk; its context: any thread
  MountTable mounts;
  ServerCounters counters;
  LoadMeter load;
  DrainState drain;
  std::atomic<bool> ready{false};  // everything has been set up
  PasswordThrottle throttle;
  AccessFiles access;
  std::unique_ptr<Fetcher> fetcher;         // control
  std::unique_ptr<Authenticators> auth;     // control
  std::unique_ptr<CountryWatch> countries;  // see there
  MountHooks hooks;                         // any thread
  IoThread disk;
  DumpWriter dumps;                             // any thread
  std::unique_ptr<SourceAdmission> admission;   // control
  std::unique_ptr<ServerStation> station;       // control
  std::unique_ptr<StatsFeed> stats_feed;        // control
  std::unique_ptr<Drain> drainer;               // control
  std::unique_ptr<EventService> events;         // control
  std::unique_ptr<MetricsService> metrics;      // control
  std::unique_ptr<DirectoryService> directory;  // control
  std::unique_ptr<MountFiles> mount_files;      // see there
  std::unique_ptr<PageCache> pages;             // control and clerk
  std::vector<std::unique_ptr<Worker>> workers;
  std::unique_ptr<RelayService> relays;     // control
  std::unique_ptr<ClusterService> cluster;  // see there
  std::unique_ptr<ClusterLinks> links;      // control
  std::unique_ptr<DirectCalls> direct;      // control
  std::atomic<std::uint64_t> next_client_id{1};
  WallTime started_wall;

  // "HOST:PORT" of the configuration, as in listenurl.
  static std::string authority(const Config& config);
  // Listeners without servers that relay; any thread.
  std::uint64_t people() const;

  static PasswordSettings passwords(const Config& config);
  static HttpSettings http_settings(const Config& config);
  static TlsSettings tls_settings(const Config& config);
  static StaticFiles static_files(const Config& config, Log& log);
};

}  // namespace lb
