// Services: the parts of the running server that its stages and commands use, in one place.
// Thread: of each reference, as its own header states.
// Ownership: app::Server owns all of it; it outlives the loops.
#pragma once

#include <memory>
#include <vector>

#include "app/drain/drain.h"
#include "app/process/io_thread.h"
#include "app/process/mount_hooks.h"
#include "app/services/node_load.h"
#include "auth/authenticators.h"
#include "auth/ip_filter.h"
#include "auth/passwords.h"
#include "auth/refusal_log.h"
#include "auth/session_book.h"
#include "auth/throttle.h"
#include "auth/user_book.h"
#include "base/log.h"
#include "base/snapshot.h"
#include "config/config.h"
#include "config/loader.h"
#include "http/connections.h"
#include "http/static_files.h"
#include "net/challenge_table.h"
#include "net/fetch.h"
#include "net/loop_beats.h"
#include "net/loop_pool.h"
#include "net/tls_keeper.h"
#include "stream/dump_writer.h"
#include "stream/mount_table.h"
#include "stream/picture_shelf.h"
#include "stream/server_counters.h"
#include "stream/source_admission.h"
#include "stream/title_history.h"

namespace lb {

class ArchiveService;
class AudienceService;
class CertificateOrders;
class ClusterLinks;
class ClusterService;
class ConfService;
class CountryWatch;
class DeadAirService;
class DirectCalls;
class DirectoryService;
class EventService;
class ExternalService;
class HistoryService;
class HlsService;
class HoursService;
class LiveService;
class LoginService;
class MetricsService;
class MountFiles;
class MountLookup;
class NamedPictures;
class NowFeeds;
class StatsRenderer;
class TitleEvents;
class PageCache;
class PictureFetches;
class PictureFiles;
class RecordOverlay;
class RecordService;
class RelayService;
class ReportFiles;
class Station;
class StatsFeed;
class UsageWatch;
struct Worker;

// Where the configuration came from.  reload: on control, as SIGHUP.
struct ConfigurationFile {
  std::string path;
  LoadOptions options;
  UniqueFunction<void()> reload;
};

struct Services {
  explicit Services(const Clock& clock_given, std::shared_ptr<const Config> first,
                    unsigned worker_count);
  ~Services();

  const Clock& clock;
  Log log;
  Snapshot<Config> config;
  ConfigurationFile configuration;  // set before the loops start
  Snapshot<StaticFiles> files;
  Snapshot<HttpSettings> http;
  Snapshot<UserBook> users;            // of the store; without one: none
  Snapshot<SessionKeys> session_keys;  // of other masters
  LoopPool loops;
  LoopBeats beats;
  std::shared_ptr<ChallengeTable> challenges;  // control writes, any thread reads
  TlsKeeper tls;                               // clerk; its context: any thread
  MountTable mounts;
  ServerCounters counters;
  TitleHistory titles;    // any thread
  PictureShelf pictures;  // any thread
  LoadMeter load;
  DrainState drain;
  std::atomic<bool> ready{false};  // everything has been set up
  PasswordThrottle throttle;
  RefusalLog refusals;  // any thread
  AccessFiles access;
  IoThread disk;                                    // ends behind those that post to it to the last
  std::unique_ptr<AudienceService> listenings;      // see there; ends behind all notices
  std::unique_ptr<RecordOverlay> overlay;           // control
  std::unique_ptr<RecordService> records;           // see there
  std::unique_ptr<ConfService> conf;                // control
  std::unique_ptr<ExternalService> external;        // see there
  std::unique_ptr<Fetcher> fetcher;                 // control
  std::unique_ptr<Authenticators> auth;             // control
  std::unique_ptr<CountryWatch> countries;          // see there
  MountHooks hooks;                                 // any thread
  IoThread pages_thread;                            // renders public pages; see PageCache
  IoThread stats_thread;                            // see StatsRenderer
  DumpWriter dumps;                                 // any thread
  std::unique_ptr<SourceAdmission> admission;       // control
  std::unique_ptr<Station> station;                 // control
  std::unique_ptr<StatsFeed> stats_feed;            // control
  std::unique_ptr<Drain> drainer;                   // control
  std::unique_ptr<EventService> events;             // control
  std::unique_ptr<TitleEvents> title_events;        // control
  std::unique_ptr<ArchiveService> archive;          // see there
  std::unique_ptr<DeadAirService> dead_air;         // control
  std::unique_ptr<HoursService> hours;              // control
  std::unique_ptr<CertificateOrders> certificates;  // control
  std::unique_ptr<LoginService> login;              // see there
  std::unique_ptr<HistoryService> history;          // see there
  std::unique_ptr<LiveService> live;                // see there
  std::unique_ptr<MetricsService> metrics;          // control
  std::unique_ptr<UsageWatch> usage;                // see there
  std::unique_ptr<ReportFiles> reports;             // control
  std::unique_ptr<DirectoryService> directory;      // control
  std::unique_ptr<MountFiles> mount_files;          // see there
  std::unique_ptr<PageCache> pages;                 // control
  std::unique_ptr<StatsRenderer> stats_renderer;    // control
  std::vector<std::unique_ptr<Worker>> workers;
  std::unique_ptr<NowFeeds> now_feeds;              // see there
  std::unique_ptr<HlsService> hls;                  // see there
  std::unique_ptr<MountLookup> lookup;              // control
  std::unique_ptr<RelayService> relays;             // control
  std::unique_ptr<ClusterService> cluster;          // see there
  std::unique_ptr<ClusterLinks> links;              // control
  std::unique_ptr<DirectCalls> direct;              // control
  std::unique_ptr<PictureFetches> picture_fetches;  // control
  std::unique_ptr<PictureFiles> picture_files;      // see there
  std::unique_ptr<NamedPictures> named_pictures;    // control
  std::atomic<std::uint64_t> next_client_id{1};
  WallTime started_wall;

  // "HOST:PORT" of the configuration, as in listenurl.
  static std::string authority(const Config& config);
  // Listeners without servers that relay; any thread.
  std::uint64_t audience() const;

  static PasswordSettings passwords(const Config& config);
  static HttpSettings http_settings(const Config& config);
  // ordered: of <acme> and of masters, where they are there.
  static TlsSettings tls_settings(const Config& config, const std::vector<std::string>& ordered);
  static StaticFiles static_files(const Config& config, Log& log);
};

}  // namespace lb
