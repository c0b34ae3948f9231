#include <algorithm>
#include <limits>
#include <thread>
#include <utility>

#include "admin/feed/stats_feed.h"
#include "app/audience/audience_service.h"
#include "app/certificates/certificate_orders.h"
#include "app/certificates/challenge_lookup.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/conf_source.h"
#include "app/cluster/master_links.h"
#include "app/cluster/node_links.h"
#include "app/cluster/relay_service.h"
#include "app/cluster/title_links.h"
#include "app/external/external_service.h"
#include "app/handover/handover.h"
#include "app/handover/take_over.h"
#include "app/join/direct_calls.h"
#include "app/operate/cluster_station.h"
#include "app/operate/conf_service.h"
#include "app/operate/live_service.h"
#include "app/operate/metrics_service.h"
#include "app/operate/record_service.h"
#include "app/operate/report_files.h"
#include "app/operate/usage_watch.h"
#include "app/pages/directory_service.h"
#include "app/pages/heard_titles.h"
#include "app/pages/history_service.h"
#include "app/pages/now_feeds.h"
#include "app/pages/page_cache.h"
#include "app/pages/picture_fetches.h"
#include "app/pages/station.h"
#include "app/pages/stats_renderer.h"
#include "app/process/process_usage.h"
#include "app/programs/dead_air_service.h"
#include "app/server.h"
#include "app/services/archive_service.h"
#include "app/services/event_service.h"
#include "app/services/hls_service.h"
#include "app/services/hours_service.h"
#include "app/services/login_service.h"
#include "app/services/mount_files.h"
#include "app/services/named_pictures.h"
#include "app/services/picture_files.h"
#include "app/services/record_overlay.h"
#include "app/services/title_events.h"
#include "app/services/worker.h"
#include "app/topology/country_watch.h"
#include "app/topology/mount_homes.h"
#include "app/topology/mount_lookup.h"
#include "auth/listener/authenticators.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/json.h"
#include "cluster/link/node_session.h"
#include "config/load/loader.h"
#include "http/connections.h"
#include "media/metadata.h"
#include "stream/listener/loop_streams.h"
#include "stream/source/source_admission.h"
#include "stream/source/source_set.h"

namespace lb {
namespace {

constexpr unsigned kMaxWorkers = 64;  // a Channel has one bit for each

// A backend of all mounts has a quarter of them at a time.
Fetcher::Limits backend_requests() {
  const std::uint64_t descriptors = process_usage().most_fds;
  return {.in_flight = std::clamp<std::size_t>(descriptors / 8, 256, 1024)};
}

unsigned worker_count(const LimitSettings& limits) {
  const unsigned wanted = limits.threads > 0 ? limits.threads : std::thread::hardware_concurrency();
  return std::clamp(wanted, 1u, kMaxWorkers);
}

std::function<void(const ParkedRequest&, WaitOutcome)> resumes(Services& services) {
  return [&services](const ParkedRequest& request, WaitOutcome outcome) {
    Worker::resume(services, request, outcome);
  };
}

MountLookup::Callbacks lookup_callbacks(Services& services) {
  return {[&services](const std::string& mount) {
            return services.links->masters().lookup_mount(mount);
          },
          [&services] { services.relays->ask_lists(); },
          [&services](const std::string& mount) { return services.mounts.find(mount) != nullptr; },
          resumes(services)};
}

// Settings take 1.4 kB: mounts share those of a record, and one copy of a section of the file,
// which has the section's name.
class SharedSections {
 public:
  std::shared_ptr<const MountSettings> settings_of(const std::shared_ptr<const Config>& config,
                                                   std::string_view mount) {
    if (const auto* record = config->book.sections.look_up(mount)) return *record;
    const MountSettings& section = mount_section(*config, mount);
    auto copy = copy_.lock();
    if (copy == nullptr || &section != section_ || config_.lock() != config) {
      copy = std::make_shared<const MountSettings>(section);
      copy_ = copy;
      section_ = &section;
      config_ = config;
    }
    return copy;
  }

 private:
  std::weak_ptr<const Config> config_;
  const MountSettings* section_ = nullptr;  // of config_
  std::weak_ptr<const MountSettings> copy_;
};

CertificateNodes certificate_nodes(Services& services) {
  return {.set_challenges =
              [&services](const auto& items) { services.links->conf().set_challenges(items); },
          .set_certificates =
              [&services](const std::vector<CertificateNodes::Shared>& all) {
                std::map<std::string, ConfSource::Certificate> items;
                for (const CertificateNodes::Shared& one : all) {
                  JsonWriter json;
                  json.begin_object()
                      .key("names")
                      .texts(one.names)
                      .key("pem")
                      .text(one.pem)
                      .end_object();
                  // Two certificates of the same names differ by key type.
                  std::string key = cat({"certificate/", percent_encode(one.names.front(), false)});
                  if (items.contains(key)) key += ".rsa";
                  items[key] = {json.take(), {one.nodes.begin(), one.nodes.end()}};
                }
                services.links->conf().set_certificates(std::move(items));
              },
          .behind = [&services](const auto& nodes) { return services.links->conf().behind(nodes); },
          .not_linked =
              [&services](const std::vector<std::string>& nodes) {
                std::vector<std::string> all;
                for (const std::string& node : nodes)
                  if (services.links->nodes().session_of(node) == nullptr) all.push_back(node);
                return all;
              }};
}

TitleEvents::Publish publishes_title(Services& services) {
  return [&services](const std::string& mount, const std::string& song, std::int64_t since_ms) {
    const PlayedTitle played = services.titles.played(mount, song);
    const SongParts parts = played.parts();
    EventService::Details details{{"text", song},
                                  {"artist", std::string(parts.artist)},
                                  {"title", std::string(parts.title)},
                                  {"since", std::to_string(since_ms)}};
    if (!played.art.empty()) details.emplace_back("art", cat({kPicturePath, played.art}));
    if (!played.url.empty()) details.emplace_back("url", played.url);
    services.events->publish("title", mount, std::move(details));
    services.named_pictures->titled(services.config.read()->art.fetch, mount, song, played.url);
  };
}

Authenticators::DropListener drops_listener(Services& services) {
  return [&services](const std::string&, std::uint64_t client, Authenticators::Drop when) {
    // By its id alone, since it may have moved to another mount.
    const bool if_gone = when == Authenticators::Drop::kIfGone;
    // An HLS listener has no connection to check.
    if (!if_gone && services.hls->end(nullptr, client)) return;
    for (const auto& worker : services.workers)
      worker->loop.post([w = worker.get(), client, if_gone] { w->streams->kill(client, if_gone); });
  };
}

ExternalService::Callbacks external_callbacks(Services& services) {
  return {[&services](std::vector<RegistryRecord> records) {
            services.links->conf().set_external(std::move(records));
          },
          [&services] { services.conf->external_is_free(); }};
}

NamedPictures::Callbacks picture_callbacks(Services& services) {
  NamedPictures::Callbacks callbacks;
  callbacks.fetch = [&services](FetchRequest request, Fetcher::Done done) {
    services.fetcher->start(std::move(request), std::move(done));
  };
  callbacks.put = [&services](const std::string& mount, std::string bytes) {
    const auto config = services.config.read();
    return services.pictures.put(std::move(bytes), std::string(mount_account(*config, mount)));
  };
  callbacks.has = [&services](const std::string& name) {
    return services.pictures.find(name) != nullptr || services.picture_files->has(name);
  };
  callbacks.found = [&services](const std::string& mount, const std::string& song,
                                const std::string& name) {
    services.titles.paint(mount, song, name);
    services.picture_files->titles_changed();
    services.now_feeds->check(mount);
    services.links->titles().mount_changed(mount);
  };
  callbacks.refused = [&services](const std::string& mount, const std::string& song,
                                  std::string why) {
    services.titles.refuse_picture(mount, song, std::move(why));
  };
  return callbacks;
}

}  // namespace

// Each part may use those before it.
Server::Server(const Clock& clock, std::string config_path, LoadOptions load_options,
               LoadedConfig first, ServiceManager manager, unsigned workers)
    : config_path_(std::move(config_path)),
      load_options_(load_options),
      services_(std::make_unique<Services>(
          clock, first.config, workers > 0 ? workers : worker_count(first.config->limits))),
      sockets_(*services_, std::move(manager.sockets), std::move(manager.kept)),
      switches_(*services_),
      notifier_(manager.notify ? Notifier(std::move(manager.notify))
                               : Notifier(manager.notify_socket)),
      store_(notifier_, manager.store, std::move(manager.kept_names)),
      watchdog_(services_->loops, notifier_, manager.watchdog),
      heap_trim_(services_->loops,
                 [this] {
                   const auto inside = services_->counters.clients.inside();
                   std::size_t clients =
                       static_cast<std::size_t>(std::max<std::int64_t>(inside, 0));
                   for (const auto& worker : services_->workers)
                     clients += worker->connections->size();
                   return clients;
                 }),
      file_timer_(services_->loops.control(), [this] { poll_files(Moment::kReload); }),
      port_timer_(services_->loops.control(), [this] {
        // While the ports are handed over, the list of them must not change.
        if (stopping_) return;
        if (reading_certificates_ > 0 || (handover_ && handover_->is_under_way()))
          try_ports_again();
        else
          open_ports(ListenSockets::Attempt::kAgain);
      }) {
  Services& services = *services_;
  services.configuration = {config_path_, load_options_, [this] { reload(); }};
  services.overlay = std::make_unique<RecordOverlay>(
      services.loops.control(), services.loops.clerk(), first.config, pulls_here,
      [this](const OverlayUpdate& update) { apply(update); });
  services.records = std::make_unique<RecordService>(services);
  make_operators();
  make_streams();
  make_pages();
  make_admission();
  make_cluster();
  services.heard_titles = std::make_unique<HeardTitles>(services);
  services.picture_fetches = std::make_unique<PictureFetches>(services);
  services.picture_files = std::make_unique<PictureFiles>(services);
  services.named_pictures =
      std::make_unique<NamedPictures>(services.log, picture_callbacks(services));
  services.drainer = std::make_unique<Drain>(services.loops.control(), services.log, services.drain,
                                             drain_callbacks());
  services.drain.on_change([this](const DrainPicture& now) { drain_changed(now); });
  for (unsigned i = 0; i < services.loops.workers(); ++i)
    services.workers.push_back(std::make_unique<Worker>(services, i));
}

Server::~Server() = default;

void Server::make_operators() {
  Services& services = *services_;
  services.station = std::make_unique<ServerStation>(services);
  services.operators = std::make_unique<ClusterStation>(services);
  services.stats_feed = std::make_unique<StatsFeed>(services.loops.control(), *services.station);
  services.countries = std::make_unique<CountryWatch>(services);
  services.directory = std::make_unique<DirectoryService>(services);
}

void Server::make_streams() {
  Services& services = *services_;
  services.events = std::make_unique<EventService>(services);
  services.title_events =
      std::make_unique<TitleEvents>(services.loops.control(), publishes_title(services));
  services.listenings = std::make_unique<AudienceService>(services);
  services.archive = std::make_unique<ArchiveService>(services);
  services.dead_air = std::make_unique<DeadAirService>(services);
  services.hours = std::make_unique<HoursService>(services);
  services.certificates =
      std::make_unique<CertificateOrders>(services, certificate_nodes(services), [this] {
        // Ports that failed are not opened again, as a certificate does not affect them.
        const auto config = services_->config.read();
        load_certificates(config, [this, config] { services_->certificates->configure(*config); });
      });
  services.hls = std::make_unique<HlsService>(services);
  services.login = std::make_unique<LoginService>(services);
}

void Server::make_pages() {
  Services& services = *services_;
  services.metrics = std::make_unique<MetricsService>(services);
  services.history = std::make_unique<HistoryService>(services);
  services.live = std::make_unique<LiveService>(services);
  services.usage = std::make_unique<UsageWatch>(services);
  services.reports = std::make_unique<ReportFiles>(services);
  services.mount_files = std::make_unique<MountFiles>(services);
  services.pages = std::make_unique<PageCache>(services);
  services.now_feeds = std::make_unique<NowFeeds>(services);
  services.stats_renderer = std::make_unique<StatsRenderer>(services);
}

void Server::make_admission() {
  Services& services = *services_;
  services.fetcher = std::make_unique<Fetcher>(services.loops.control(), backend_requests());
  services.auth =
      std::make_unique<Authenticators>(services.loops.control(), services.loops.clerk(),
                                       services.log, *services.fetcher, drops_listener(services));
  services.admission = std::make_unique<SourceAdmission>(
      services.loops.control(), services.mounts, services.log, services.loops.workers(),
      admission_callbacks(), Rng::from_entropy());
  services.challenge_lookup = std::make_unique<ChallengeLookup>(services, resumes(services));
  services.lookup =
      std::make_unique<MountLookup>(services.loops.control(), lookup_callbacks(services));
}

void Server::make_cluster() {
  Services& services = *services_;
  services.relays = std::make_unique<RelayService>(services);
  services.external = std::make_unique<ExternalService>(services, external_callbacks(services));
  services.cluster = std::make_unique<ClusterService>(services);
  services.links = std::make_unique<ClusterLinks>(services);
  services.links->titles().set_heard(
      [&services](const std::string& mount) { services.now_feeds->check(mount); });
  services.conf = std::make_unique<ConfService>(services);
  services.login->on_keys([&services] {
    services.records->keys_changed();
    services.links->conf().keys_changed();
  });
  services.direct = std::make_unique<DirectCalls>(services);
}

namespace {

// What the configuration and other parts decide about a mount.
void add_decisions(AdmissionCallbacks& callbacks, Services& services) {
  callbacks.settings = [&services, shared = SharedSections()](std::string_view mount) mutable {
    return shared.settings_of(services.config.read(), mount);
  };
  callbacks.linger = [&services](const Mount& mount, WriterKind kind, EndReason reason) {
    return services.relays->linger(mount, kind, reason);
  };
  callbacks.rests = [&services](const Mount& mount, WriterKind kind, EndReason reason) {
    return services.hls->rest_after(mount, kind, reason);
  };
  callbacks.max_waiting = [&services] { return services.config.read()->limits.sources; };
  callbacks.fed_elsewhere = [&services](const std::string& mount) {
    return services.relays->fed_elsewhere(mount);
  };
  callbacks.expected_here = [&services](const std::string& mount) {
    const auto config = services.config.read();
    return takes_over_here(*config, mount_section(*config, mount));
  };
  callbacks.refused = [&services](const std::string& mount) {
    const auto config = services.config.read();
    const MountSettings& section = mount_section(*config, mount);
    return section.suspended ? std::string("suspended") : refuse_away_from_home(*config, section);
  };
  callbacks.outlived = [&services](const std::string& mount, const std::string& user) {
    return services.hours->is_over(mount, user);
  };
}

// What admission wants from the worker of a source.
void add_calls_of_workers(AdmissionCallbacks& callbacks, Services& services) {
  callbacks.wake = [&services](Channel::Loops loops, const std::shared_ptr<Mount>& mount) {
    Worker::wake(services, loops, mount);
  };
  callbacks.revoke = [&services](unsigned home, std::uint64_t lease,
                                 std::chrono::milliseconds silence,
                                 UniqueFunction<void(bool)> then) {
    Worker& worker = *services.workers[home];
    worker.loop.post([&services, &worker, lease, silence, then = std::move(then)]() mutable {
      const bool ended = worker.sources->replace_if_silent(lease, silence);
      services.loops.control().post([ended, then = std::move(then)]() mutable { then(ended); });
    });
  };
  callbacks.has_ended = [&services](unsigned home, std::uint64_t lease,
                                    UniqueFunction<void(bool)> then) {
    Worker& worker = *services.workers[home];
    worker.loop.post([&services, &worker, lease, then = std::move(then)]() mutable {
      const bool ended = worker.sources->has_ended(lease);
      services.loops.control().post([ended, then = std::move(then)]() mutable { then(ended); });
    });
  };
}

}  // namespace

AdmissionCallbacks Server::admission_callbacks() {
  Services& services = *services_;
  AdmissionCallbacks callbacks;
  callbacks.promised = &services.counters.promised;
  add_decisions(callbacks, services);
  add_calls_of_workers(callbacks, services);
  callbacks.rest_over = [&services](const std::shared_ptr<Mount>& mount,
                                    const std::shared_ptr<Mount>& next) {
    services.hls->rest_over(mount, next);
  };
  callbacks.stands_by = [&services](const std::shared_ptr<Mount>& mount) {
    services.hours->check(mount->name());
  };
  callbacks.waits = [&services](const std::shared_ptr<Mount>& mount) {
    services.relays->mount_waits(*mount);
    if (!mount->facts()->relayed) services.heard_titles->ended(*mount);
    services.dead_air->check(mount->name());
    services.links->mount_changed(mount->name());
  };
  callbacks.off_air = [&services](const Mount& mount, WriterKind kind, EndReason reason) {
    const auto why = off_air_word(reason);
    if (why.empty()) return;
    const WallTime now = services.clock.wall();
    if (kind == WriterKind::kRelay)
      services.off_air->note_relay(mount.name(), mount.facts()->started_wall, now);
    else
      services.off_air->note(mount.name(), {unix_seconds(now), std::string(why), {}});
  };
  add_standby_callbacks(callbacks);
  callbacks.begun = [this](const std::shared_ptr<Mount>& mount) { mount_begun(mount); };
  callbacks.went_on = [this](const std::shared_ptr<Mount>& mount) { mount_went_on(mount); };
  callbacks.ended = [this](const std::shared_ptr<Mount>& mount) { mount_ended(mount); };
  return callbacks;
}

Drain::Callbacks Server::drain_callbacks() {
  Services& services = *services_;
  Drain::Callbacks callbacks;
  callbacks.listeners = [&services] { return services.audience(); };
  callbacks.close_oldest = [&services](std::uint64_t most) {
    services.loops.gather<std::size_t>(
        [&services](unsigned i) { return services.workers[i]->streams->audience(); },
        [&services, most](const std::vector<std::size_t>& here) {
          // Divides the number among the workers by their listeners, carrying the rounding on.
          std::uint64_t all = 0, seen = 0, given = 0;
          for (const std::size_t n : here) all += n;
          if (const std::uint64_t by_hls = services.hls->sessions().size(); by_hls > 0) {
            all += by_hls;
            seen = by_hls;
            given = std::min(most, all) * seen / all;
            services.hls->end_oldest(static_cast<std::size_t>(given));
          }
          for (unsigned i = 0; i < here.size() && all > 0; ++i) {
            seen += here[i];
            const std::uint64_t until_here = std::min(most, all) * seen / all;
            services.workers[i]->loop.post([w = services.workers[i].get(), n = until_here - given] {
              w->streams->end_oldest(n, EndReason::kMoved);
            });
            given = until_here;
          }
        });
  };
  callbacks.close_all = [&services] {
    services.hls->end_oldest(std::numeric_limits<std::size_t>::max());
    for (const auto& worker : services.workers)
      worker->loop.post([w = worker.get()] {
        w->streams->end_oldest(std::numeric_limits<std::size_t>::max(), EndReason::kMoved);
      });
  };
  callbacks.exit = [this] { stop(); };
  return callbacks;
}

}  // namespace lb
