// Runtime: the base of every part of the running server: clock, log, configuration, loops, threads
// and counters.  The lowest layer of Services.
// Thread: each member's header names its own.
// Ownership: app::Server, by Services; it outlives the loops.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "app/drain/drain.h"
#include "app/process/io_thread.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/snapshot.h"
#include "config/schema/diagnostic.h"
#include "net/loop/loop_pool.h"
#include "stream/listener/server_counters.h"

namespace lb {

class AccessFiles;
class ChallengeTable;
struct Config;
class EventService;
class Fetcher;
struct HttpSettings;
class LoopBeats;
class StaticFiles;
class TlsContext;
class TlsKeeper;
struct TlsSettings;

// The file of the configuration.  reload: on control, as SIGHUP does.
struct ConfigurationFile {
  std::string path;
  LoadOptions options;
  UniqueFunction<void()> reload;
};

struct Runtime {
  Runtime(const Clock& clock_given, std::shared_ptr<const Config> first, unsigned worker_count);
  ~Runtime();

  const Clock& clock;
  Log log;
  Snapshot<Config> config;
  ConfigurationFile configuration;  // set before the loops start
  Snapshot<StaticFiles> files;
  Snapshot<HttpSettings> http;
  LoopPool loops;
  std::unique_ptr<LoopBeats> beats;
  std::shared_ptr<ChallengeTable> challenges;  // control writes, any thread reads
  std::unique_ptr<TlsKeeper> tls;              // clerk; its context: any thread
  ServerCounters counters;
  DrainState drain;
  std::atomic<bool> ready{false};  // all parts have been set up
  std::unique_ptr<AccessFiles> access;
  IoThread disk;                     // ends after all threads that post to it
  IoThread store_thread;             // writes a store in files, which no dump's disk may hold up
  IoThread pages_thread;             // renders public pages; see PageCache
  IoThread stats_thread;             // see StatsRenderer
  std::unique_ptr<Fetcher> fetcher;  // control
  std::unique_ptr<EventService> events;  // control
  std::atomic<std::uint64_t> next_client_id{1};
  WallTime started_wall;

  // "HOST:PORT" of the configuration, as in listenurl.
  static std::string authority(const Config& config);
  static HttpSettings http_settings(const Config& config);
  // ordered: certificate files of <acme> and of masters, used if they exist or if `in_use` has
  // loaded them (null: it has loaded nothing).
  static TlsSettings tls_settings(const Config& config, const std::vector<std::string>& ordered,
                                  const TlsContext* in_use);
  static StaticFiles static_files(const Config& config, Log& log);
};

}  // namespace lb
