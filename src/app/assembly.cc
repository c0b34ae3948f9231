// Constructs and destroys Services and Worker, with all rooms of app/ included.
#include <algorithm>
#include <chrono>

#include "admin/feed/stats_feed.h"
#include "app/audience/audience_service.h"
#include "app/certificates/certificate_orders.h"
#include "app/certificates/challenge_lookup.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/relay_service.h"
#include "app/cluster/title_links.h"
#include "app/endpoints/stages.h"
#include "app/external/external_service.h"
#include "app/join/direct_calls.h"
#include "app/join/stages.h"
#include "app/operate/cluster_station.h"
#include "app/operate/conf_service.h"
#include "app/operate/listener_numbers.h"
#include "app/operate/live_service.h"
#include "app/operate/metrics_service.h"
#include "app/operate/record_service.h"
#include "app/operate/report_files.h"
#include "app/operate/usage_watch.h"
#include "app/pages/directory_service.h"
#include "app/pages/due_titles.h"
#include "app/pages/heard_titles.h"
#include "app/pages/history_service.h"
#include "app/pages/now_feed_ask.h"
#include "app/pages/now_feeds.h"
#include "app/pages/now_pages.h"
#include "app/pages/page_cache.h"
#include "app/pages/picture_fetches.h"
#include "app/pages/station.h"
#include "app/pages/stats_renderer.h"
#include "app/process/mount_hooks.h"
#include "app/programs/dead_air_service.h"
#include "app/request/login_replies.h"
#include "app/request/request_context.h"
#include "app/routes.h"
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
#include "app/services/tls_pumps.h"
#include "app/services/worker.h"
#include "app/topology/country_watch.h"
#include "app/topology/mount_lookup.h"
#include "archive/read/shifted_streams.h"
#include "auth/guard/throttle.h"
#include "auth/listener/authenticators.h"
#include "cluster/nodes/node.h"
#include "http/connections.h"
#include "http/static_files.h"
#include "net/loop/loop_beats.h"
#include "net/tls/tls_keeper.h"
#include "stream/listener/loop_streams.h"
#include "stream/log/stream_view.h"
#include "stream/log/title_place.h"
#include "stream/source/dump_writer.h"
#include "stream/source/source_admission.h"
#include "stream/source/source_set.h"

namespace lb {
namespace {

// Numbers of loops, after those of the workers, control and the clerk.
constexpr unsigned kDiskThread = 2, kPagesThread = 3, kStatsThread = 4, kStoreThread = 8;

ShiftedStreams::Shared shifted_from(Services& services) {
  ArchiveService& archive = *services.archive;
  return {&archive.catalog(),
          &archive.remote().archive(),
          &archive.readers(),
          &archive.dir(),
          [&archive](const std::string& name) { return archive.live(name); },
          [&archive](const std::string& name, const ArchiveFile& sample) {
            return archive.off_air(name, sample);
          }};
}

}  // namespace

Runtime::Runtime(const Clock& clock_given, std::shared_ptr<const Config> first,
                 unsigned worker_count)
    : clock(clock_given),
      log(clock_given),
      config(first),
      files(std::make_shared<const StaticFiles>(static_files(*first, log))),
      http(std::make_shared<const HttpSettings>(http_settings(*first))),
      loops(worker_count, clock_given),
      beats(std::make_unique<LoopBeats>(loops)),
      challenges(std::make_shared<ChallengeTable>()),
      tls(std::make_unique<TlsKeeper>(loops.clerk(), log, challenges)),
      access(std::make_unique<AccessFiles>(log)),
      disk(worker_count + kDiskThread, clock_given, "disk"),
      store_thread(worker_count + kStoreThread, clock_given, "store"),
      pages_thread(worker_count + kPagesThread, clock_given, "pages"),
      stats_thread(worker_count + kStatsThread, clock_given, "stats"),
      started_wall(clock_given.wall()) {
  counters.promised.nominal = static_cast<std::int64_t>(1000 * kNominalListenerKbps);
}

Accounts::Accounts(const Clock& clock_given, std::shared_ptr<const Config> first,
                   unsigned worker_count)
    : Runtime(clock_given, std::move(first), worker_count),
      users(std::make_shared<const UserBook>()),
      session_keys(std::make_shared<const SessionKeys>()),
      throttle(std::make_unique<PasswordThrottle>(clock_given)),
      refusals(std::make_unique<RefusalLog>(clock_given, log)) {}

Traffic::Traffic(const Clock& clock_given, std::shared_ptr<const Config> first,
                 unsigned worker_count)
    : Accounts(clock_given, std::move(first), worker_count),
      off_air(std::make_unique<OffAir>()),
      load(*this),
      hooks(std::make_unique<MountHooks>(loops.clerk(), log)),
      dumps(std::make_unique<DumpWriter>(disk.loop(), log)) {}

Network::Network(const Clock& clock_given, std::shared_ptr<const Config> first,
                 unsigned worker_count)
    : Traffic(clock_given, std::move(first), worker_count),
      pumps(std::make_unique<TlsPumps>(loops.control(), log, config)) {}

Services::Services(const Clock& clock_given, std::shared_ptr<const Config> first,
                   unsigned worker_count)
    : Network(clock_given, std::move(first), worker_count) {}

Runtime::~Runtime() = default;
Accounts::~Accounts() = default;
Traffic::~Traffic() = default;
Network::~Network() = default;
Services::~Services() = default;

// A picture that may not be shown ends no stream, as it is the encoder's.
static void take_picture(Services& services, const Mount& mount, StreamPicture picture) {
  const std::string song = picture.song.empty() ? mount.metadata()->song() : picture.song;
  const auto name = services.pictures.put(std::move(picture.bytes), mount.settings()->account);
  if (!name) {
    services.titles.refuse_picture(mount.name(), song, name.error().what);
    services.log.info(
        "source/source",
        cat({"mount ", mount.name(),
             ": the picture in a tag of its stream is not shown: ", name.error().what}));
    return;
  }
  services.titles.paint(mount.name(), song, *name);
  services.loops.control().post([&services, mount = mount.name()] {
    services.now_feeds->check(mount);
    services.links->titles().mount_changed(mount);
  });
}

// When listeners have heard a title for the first time: a title that was told late has begun
// before, but not before its source; what is older is counted already.
static WallTime heard_since(const Clock& clock, const Mount& mount, const std::string& song) {
  constexpr std::chrono::minutes kCountedAfter{5};
  const WallTime now = clock.wall();
  const auto heard = mount.channel().newest();
  // Its source is not heard yet, and takes over its predecessor's title.
  if (heard->end <= heard->seam) return now;
  const auto place = place_in_block(*mount.metadata());
  if (song.empty() || mount.facts()->relayed || !place || !place->wall_ms) return now;
  const WallTime told{std::chrono::milliseconds(*place->wall_ms)};
  const auto sent =
      std::chrono::duration_cast<WallTime::duration>(clock.steady() - mount.facts()->started);
  return std::clamp(told, now - std::clamp<WallTime::duration>(sent, {}, kCountedAfter), now);
}

// What its sources tell control and the listeners.
static SourceSet::Callbacks source_callbacks(Worker& worker) {
  Services& services = worker.services;
  return {
      [&services, &worker](Channel::Loops loops, const std::shared_ptr<Mount>& mount) {
        const Channel::Loops own = Channel::Loops{1} << worker.loop.id();
        if ((loops & own) != 0) worker.streams->wake(mount);
        Worker::wake(services, loops & ~own, mount);
      },
      [&services](SourceEnd end) {
        auto moved = std::make_shared<SourceEnd>(std::move(end));
        services.loops.control().post(
            [&services, moved] { services.admission->give_back(std::move(*moved)); });
      },
      [&services](const Mount& mount, const std::string& song, const TitlePlace& place) {
        const auto metadata = mount.metadata();
        services.titles.add(mount.name(), song, place, services.clock.wall(),
                            mount.settings()->max_history, metadata->url, metadata->artist);
        services.loops.control().post([&services, name = mount.name(), song, since = place.wall_ms,
                                       relayed = mount.facts()->relayed] {
          services.now_feeds->check(name);
          services.links->titles().mount_changed(name);
          if (!relayed || services.relays->captures_own(name))
            services.title_events->titled(name, song, since);
        });
      },
      [&services](const Mount& mount, const std::string& song) {
        services.loops.control().post([&services, name = mount.name(), song,
                                       at = heard_since(services.clock, mount, song),
                                       relayed = mount.facts()->relayed] {
          services.heard_titles->titled(name, relayed, song, at);
        });
      },
      [&services](const std::string& mount, std::uint64_t id, bool flows) {
        services.loops.control().post(
            [&services, mount, id, flows] { services.admission->standby_flows(mount, id, flows); });
      },
      [&services](const std::string& mount, std::uint64_t lease) {
        services.loops.control().post(
            [&services, mount, lease] { services.admission->writer_is_silent(mount, lease); });
      },
      [&services](const std::string& mount, const Seam& seam) {
        services.loops.control().post(
            [&services, mount, seam] { services.relays->went_on(mount, seam); });
      },
      [&services](const Mount& mount, StreamPicture picture) {
        take_picture(services, mount, std::move(picture));
      },
      [&services](const Mount& mount) {
        return mount.settings()->archive.enabled && services.archive->on()
                   ? services.archive->catalog().next_numbers(mount.name(),
                                                              unix_ms(services.clock.wall()))
                   : std::nullopt;
      }};
}

static Connections::Plan connections_plan(Worker& worker) {
  Services& services = worker.services;
  Connections::Plan plan;
  plan.routes = make_routes(worker);
  plan.context = make_request_context;
  plan.welcome = [&services, &worker](const Address& peer) {
    if (services.access->lists()->welcome(peer) &&
        (worker.bans.read().empty() ||
         !worker.bans.read().shuts_out(peer, services.records->time_of_bans())))
      return true;
    services.counters.refused(Refusal::kAddress);
    return false;
  };
  plan.accepted = [&services] {
    services.counters.connections.fetch_add(1, std::memory_order_relaxed);
  };
  plan.api_problem = api_problem;
  plan.certificates = [&services] { return services.tls->context(); };
  plan.body_limit = [&worker](Connection& connection) { return body_limit(worker, connection); };
  plan.cross_origin = [](const Request& request) {
    return (is_for_other_sites(request) && (!is_below_api(request) || is_now_path(request.path) ||
                                            request.path == kLiveFeedPath)) ||
           request.path.starts_with(kPicturePath);
  };
  plan.shoutcast_login = [&worker](Connection& connection) {
    return shoutcast_login(worker, connection);
  };
  return plan;
}

Worker::Worker(Services& given, unsigned index)
    : services(given),
      loop(given.loops.worker(index)),
      streams(std::make_unique<LoopStreams>(
          loop,
          LoopStreams::Shared{
              given.mounts, given.counters, given.log,
              [&given](std::string_view mount) {
                return mount_settings(*given.config.read(), mount).fallback_mount;
              },
              [&given](std::string_view name) { return given.mount_files->fallback(name); },
              [&given](const std::shared_ptr<Mount>& file) { given.mount_files->entered(file); }})),
      shifted(std::make_unique<ShiftedStreams>(*streams, shifted_from(given))),
      sources(std::make_unique<SourceSet>(loop, given.log, source_callbacks(*this))),
      connections(std::make_unique<Connections>(loop, given.log, given.http, given.next_client_id)),
      bans(given.records->read_bans()) {
  streams->add_group(*shifted);
  streams->set_delivery(given.config.read()->limits.delivery);
  connections->set_plan(connections_plan(*this));
}

Worker::~Worker() = default;

void Worker::resume(Traffic& traffic, const ParkedRequest& request, WaitOutcome outcome,
                    std::shared_ptr<DirectOffer> offer) {
  Worker& worker = *traffic.workers[request.worker];
  worker.answer(request.connection,
                [outcome, offer = std::move(offer)](Connection& waiting) mutable {
                  waiting.context().waited = {outcome, std::move(offer)};
                  waiting.ask_again();
                });
}

void Worker::resume_with_slot(Traffic& traffic, unsigned index, std::uint64_t connection,
                              SlotPass pass, SlotWord word) {
  Worker& worker = *traffic.workers[index];
  worker.answer(connection, [pass = std::move(pass), word](Connection& waiting) mutable {
    waiting.context().slot = SlotAnswer{std::move(pass), word};
    waiting.ask_again();
  });
}

}  // namespace lb
