#include "app/operate/metrics_service.h"

#include <algorithm>
#include <utility>

#include "api/request/record_book.h"
#include "app/audience/audience_service.h"
#include "app/certificates/certificate_orders.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/ingest_service.h"
#include "app/cluster/node_links.h"
#include "app/cluster/relay_service.h"
#include "app/cluster/slot_service.h"
#include "app/external/external_service.h"
#include "app/operate/record_service.h"
#include "app/operate/usage_watch.h"
#include "app/process/process_usage.h"
#include "app/services/archive_service.h"
#include "app/services/event_service.h"
#include "app/services/hls_service.h"
#include "app/services/login_service.h"
#include "app/services/node_health.h"
#include "app/services/tls_pumps.h"
#include "app/services/worker.h"
#include "archive/read/shifted_streams.h"
#include "archive/record/archive_writer.h"
#include "auth/listener/authenticators.h"
#include "base/cat.h"
#include "cluster/relay/relay.h"
#include "config/settings/config.h"
#include "net/loop/loop_beats.h"
#include "net/tls/tls_keeper.h"
#include "stream/listener/loop_streams.h"
#include "stream/source/source_set.h"

namespace lb {
namespace {

using namespace std::chrono_literals;
using Seconds = std::chrono::duration<double>;

constexpr auto kMetricsFresh = 1s;

double unix_time(WallTime when) { return Seconds(when.time_since_epoch()).count(); }

template <class T>
T relaxed(const std::atomic<T>& value) {
  return value.load(std::memory_order_relaxed);
}

MetricsPicture::Stream metrics_stream(const Mount& mount, const std::string& authority) {
  MetricsPicture::Stream stream;
  const auto facts = mount.facts();
  stream.mount = mount.name();
  stream.listenurl = cat({"http://", authority, mount.name()});
  stream.type = facts->content_type;
  stream.running = mount.phase() == MountPhase::kRunning;
  stream.started = unix_time(facts->started_wall);
  stream.listeners = mount.audience();
  stream.relays = std::max<std::int64_t>(0, mount.relays());
  stream.listener_peak = relaxed(mount.listener_peak);
  stream.bytes_read = relaxed(mount.bytes_read);
  stream.bytes_sent = relaxed(mount.bytes_sent);
  stream.bytes_per_second = relaxed(mount.bytes_per_second);
  stream.slow_listeners = relaxed(mount.slow_listeners);
  stream.listener_connections = relaxed(mount.listener_connections);
  return stream;
}

MetricsPicture::Archive metrics_archive(ArchiveService& archive, WallTime now) {
  MetricsPicture::Archive picture;
  double oldest = 0;
  for (const std::string& mount : archive.catalog().mounts()) {
    const auto files = archive.catalog().files(mount);
    picture.bytes += files->bytes();
    if (files->size() == 0) continue;
    const double from = static_cast<double>((*files)[0].from_ms) / 1000;
    oldest = oldest == 0 ? from : std::min(oldest, from);
  }
  if (oldest > 0) picture.oldest = std::max(0.0, unix_time(now) - oldest);
  if (archive.on()) {
    const ArchiveWriter& writer = archive.writer();
    picture.write_lag = static_cast<double>(relaxed(writer.numbers().lag_ms)) / 1000;
    picture.full = relaxed(writer.numbers().paused);
  }
  return picture;
}

void count_archive(ArchiveService& archive, MetricsPicture::Archive& picture) {
  if (archive.on()) {
    picture.skipped_bytes = archive.writer().skipped_bytes();
    picture.filled_bytes = archive.writer().filled_bytes();
  }
  picture.warm_reads = relaxed(archive.readers().warm_reads);
  picture.disk_reads = relaxed(archive.readers().disk_reads);
  picture.remote_reads = relaxed(archive.readers().remote_reads);
  picture.fetched_bytes = relaxed(archive.remote().archive().fetched_bytes);
}

// Connections, listeners, sources and their bytes.
void measure_traffic(Services& services, MetricsPicture& picture) {
  const ServerCounters& counters = services.counters;
  const NodeLoad load = services.load.read();
  picture.use = load.use();
  picture.clients = load.clients;
  picture.clients_limit = load.clients_limit;
  picture.sources = counters.sources.inside();
  picture.sources_limit = services.config.read()->limits.sources;
  picture.listeners = load.audience;
  picture.listening_relays = std::max<std::int64_t>(0, load.listeners - load.audience);
  picture.listeners_limit = load.listeners_limit;
  picture.audience_bytes_per_second = load.bits_per_second / 8;
  picture.connections = relaxed(counters.connections);
  picture.requests = relaxed(counters.client_connections);
  picture.files = relaxed(counters.file_connections);
  picture.listener_connections = relaxed(counters.listener_connections);
  picture.source_connections = relaxed(counters.source_total_connections);
  picture.takeovers = relaxed(counters.takeovers);
  for (std::size_t i = 0; i < kSeamNames.size(); ++i)
    picture.relay_switches.push_back({kSeamNames[i], relaxed(counters.relay_switches[i])});
  picture.lagged = relaxed(counters.lagged);
  picture.hls_sessions = services.hls->sessions().size();
  for (std::size_t i = 0; i < counters.refusals.size(); ++i)
    picture.refusals.push_back({kRefusalNames[i], relaxed(counters.refusals[i])});
  for (const auto& worker : services.workers) {
    picture.bytes_read += worker->sources->bytes_read();
    picture.bytes_sent += worker->streams->bytes_sent();
  }
}

// Calls f for the numbers that begin at 0 with each process, with their names.
template <class F>
void each_count(MetricsPicture& picture, F&& f) {
  for (auto& one : picture.backend_requests) {
    // The counts of a version that did not tell the purposes apart.
    const bool is_other = one.purpose == kFetchPurposeNames.back();
    f(is_other ? "auth answered" : cat({"auth ", one.purpose, " answered"}), one.answered);
    f(is_other ? "auth failed" : cat({"auth ", one.purpose, " failed"}), one.failed);
  }
  f("webhook sent", picture.webhook_sent);
  f("webhook given up", picture.webhook_given_up);
  f("slot waits", picture.slot_waits);
  f("log lines lost", picture.log_lines_lost);
  for (auto& [status, times] : picture.api_requests) f(cat({"api ", status}), times);
  for (auto& one : picture.hls_requests) f(cat({"hls ", one.kind}), one.times);
  for (auto& one : picture.challenges)
    f(cat({"challenge ", one.type, one.known ? " known" : " unknown"}), one.times);
  for (auto& one : picture.certificate_ends)
    f(cat({"order ", one.result, " ", one.directory}), one.times);
  if (picture.logins)
    for (auto& one : picture.logins->results) f(cat({"login ", one.kind}), one.times);
  if (picture.external) f("external failures", picture.external->failures);
  if (picture.audience) f("audience merged", picture.audience->merged);
  if (!picture.archive) return;
  f("archive skipped", picture.archive->skipped_bytes);
  f("archive filled", picture.archive->filled_bytes);
  f("archive fetched", picture.archive->fetched_bytes);
  f("archive warm", picture.archive->warm_reads);
  f("archive disk", picture.archive->disk_reads);
  f("archive remote", picture.archive->remote_reads);
}

MetricsPicture::Store metrics_store(const RegistryState& state, const RecordBook& book,
                                    WallTime now) {
  MetricsPicture::Store picture;
  picture.up = state.up ? 1 : 0;
  picture.revision = state.revision;
  picture.commit_seconds = Seconds(state.last_commit).count();
  if (!state.up) picture.stale_seconds = std::max(0.0, Seconds(now - state.since).count());
  picture.mounts = book.mounts().size();
  picture.accounts = book.accounts().size();
  return picture;
}

// The use of all counted limits.
void add_usage(const UsageBook& usage, MetricsPicture& picture) {
  for (const auto& [name, used] : usage.used) {
    const auto row = usage.limits.find(name);
    if (row == usage.limits.end()) continue;
    const auto add = [&, &name = name](std::string_view what, std::uint64_t amount,
                                       std::uint64_t limit) {
      if (limit == 0) return;
      const double ratio = static_cast<double>(amount) / static_cast<double>(limit);
      (is_mount_name(name) ? picture.months : picture.quotas).push_back({name, what, ratio});
    };
    add("hours", used.ms, 3'600'000 * row->second.hours.value_or(0));
    add("transfer", used.bytes, row->second.transfer.value_or(0));
  }
}

}  // namespace

void MetricsService::get(Then then) {
  const SteadyTime now = services_.clock.steady();
  if (text_ && now - made_ < kMetricsFresh) {
    then(text_);
    return;
  }
  waiting_.push_back(std::move(then));
  if (std::exchange(making_, true)) return;
  services_.loops.clerk().post([this, picture = take_picture()]() mutable {
    complete(picture);
    auto text = std::make_shared<const std::string>(metrics_text(picture));
    auto kept = std::make_shared<const MetricsPicture>(std::move(picture));
    services_.loops.control().post([this, text, kept] {
      text_ = text;
      picture_ = kept;
      made_ = services_.clock.steady();
      making_ = false;
      for (Then& waiting : std::exchange(waiting_, {})) waiting(text);
    });
  });
}

void MetricsService::get_own(std::function<bool(std::string_view)> owns, Then then) {
  get([this, owns = std::move(owns), then = std::move(then)](const Text&) mutable {
    services_.loops.clerk().post(
        [this, picture = picture_, owns = std::move(owns), then = std::move(then)]() mutable {
          auto text = std::make_shared<const std::string>(metrics_text(*picture, owns));
          services_.loops.control().post([text, then = std::move(then)]() mutable { then(text); });
        });
  });
}

MetricsPicture MetricsService::take_picture() const {
  MetricsPicture picture;
  services_.relays->for_each_relay([&picture](const std::string& mount, const Relay& relay) {
    std::optional<double> gap;
    if (const auto last = relay.last_gap()) gap = Seconds(*last).count();
    picture.relays.push_back({mount, relay.state_text(), relay.flows(), relay.has_spare(), gap});
  });
  picture.ingest_owned = services_.links->ingest().captured();
  for (const auto& [mount, slots] : services_.links->slots().pictures())
    picture.slots.push_back({mount, slots.limit, slots.used, slots.idle, slots.given, slots.held});
  services_.links->nodes().for_each_conf_lag(
      services_.clock.steady(), [&picture](const std::string& node, SteadyTime::duration lag) {
        picture.conf_lags.push_back({node, Seconds(lag).count()});
      });
  if (const ListenersElsewhere elsewhere = services_.cluster->listeners_elsewhere();
      elsewhere.counted)
    picture.elsewhere = {elsewhere.nodes, elsewhere.below};
  picture.auth_in_flight = services_.fetcher->in_flight();
  picture.auth_waiting = services_.fetcher->waiting();
  picture.auth_unsent = services_.auth->unsent();
  picture.event_readers = services_.events->readers();
  for (const CertificateService::Order& order : services_.certificates->orders())
    picture.certificate_orders.push_back(
        {order.first_name, order.failures, unix_time(order.next_attempt),
         order.renewal ? std::optional(unix_time(*order.renewal)) : std::nullopt});
  const TlsPumps::Picture pumps = services_.pumps->picture();
  picture.pumps = pumps.processes;
  picture.pumped = pumps.connections;
  picture.oldest_pump = Seconds(pumps.age).count();
  count_on_control(picture);
  return picture;
}

void MetricsService::count_on_control(MetricsPicture& picture) const {
  picture.slot_waits = services_.links->slots().waits();
  for (std::size_t i = 0; i < kFetchPurposeNames.size(); ++i) {
    const auto count = services_.fetcher->counted(static_cast<FetchPurpose>(i));
    picture.backend_requests.push_back({kFetchPurposeNames[i], count.answered, count.failed});
  }
  picture.webhook_sent = services_.events->webhooks().sent();
  picture.webhook_given_up = services_.events->webhooks().given_up();
  using Way = ChallengeTable::Way;
  for (const auto& [way, type] : {std::pair(Way::kHttp, "http-01"), {Way::kTls, "tls-alpn-01"}})
    for (const bool known : {true, false})
      picture.challenges.push_back({type, known, services_.challenges->counted(way, known)});
  for (const auto& [what, times] : services_.certificates->counts())
    picture.certificate_ends.push_back({what.first, what.second, times});
  if (const auto external = services_.external->numbers(); external.on)
    picture.external = {external.age, external.mounts, external.bad_mounts, external.failures};
}

void MetricsService::count(MetricsPicture& picture) const {
  if (const LoginService& login = *services_.login; login.on()) {
    picture.logins = MetricsPicture::Logins{};
    for (std::size_t i = 0; i < kLoginResultNames.size(); ++i)
      picture.logins->results.push_back(
          {kLoginResultNames[i], login.counted(static_cast<LoginResult>(i))});
  }
  for (std::size_t i = 0; i < kHlsRequestNames.size(); ++i)
    picture.hls_requests.push_back(
        {kHlsRequestNames[i], services_.hls->requests(static_cast<HlsRequest>(i))});
  if (picture.archive) count_archive(*services_.archive, *picture.archive);
  if (const AudienceService& audience = *services_.listenings; audience.on())
    picture.audience = {audience.unsent_rows(), audience.merged_rows(), audience.database_bytes()};
  // Includes statuses that only previous processes have answered.
  for (int status = 200; status < 600; ++status)
    if (const std::uint64_t times = services_.records->counted(status);
        times > 0 || before_.contains(cat({"api ", status})))
      picture.api_requests.emplace_back(status, times);
  picture.log_lines_lost = services_.log.lost_lines();
}

void MetricsService::add_counts_before(MetricsPicture& picture) const {
  each_count(picture, [this](std::string_view name, std::uint64_t& times) {
    if (const auto at = before_.find(name); at != before_.end()) times += at->second;
  });
}

CountsRecord MetricsService::save() const {
  MetricsPicture picture;
  picture.archive = MetricsPicture::Archive{};
  count_on_control(picture);
  count(picture);
  add_counts_before(picture);
  CountsRecord saved;
  each_count(picture, [&saved](std::string_view name, std::uint64_t times) {
    if (times > 0) saved.counts.push_back({std::string(name), times});
  });
  return saved;
}

void MetricsService::restore(const CountsRecord& saved) {
  for (const CountRecord& one : saved.counts) before_[one.name] = one.times;
}

void MetricsService::complete(MetricsPicture& picture) const {
  const auto config = services_.config.read();
  const ServerCounters& counters = services_.counters;
  picture.version = LB_VERSION;
  const ProcessUsage usage = process_usage();
  picture.process = {usage.cpu_seconds, usage.resident_bytes, usage.virtual_bytes,
                     usage.open_fds,    usage.most_fds,       unix_time(services_.started_wall)};
  picture.condition = node_health(services_).condition;
  measure_traffic(services_, picture);
  const SteadyTime now = services_.clock.steady();
  for (const LoopBeat& beat : services_.beats->read())
    picture.loops.push_back({beat.name, Seconds(beat.late).count(),
                             std::max(0.0, Seconds(now - beat.last).count()),
                             Seconds(beat.worked).count(), beat.tasks});
  const std::string authority = Services::authority(*config);
  for (const auto all = services_.mounts.all(); const auto& [name, mount] : *all)
    picture.streams.push_back(metrics_stream(*mount, authority));
  if (const auto context = services_.tls->context())
    for (const TlsContext::Certificate& certificate : context->certificates())
      picture.certificates.push_back(
          {certificate.file, certificate.names, unix_time(certificate.expires)});
  const bool plays = !services_.archive->remote().archive().holders()->all().empty();
  if (services_.archive->on() || plays) {
    picture.archive = metrics_archive(*services_.archive, services_.clock.wall());
    for (const auto& worker : services_.workers)
      picture.archive->shifted += worker->shifted->count();
  }
  const RecordService& records = *services_.records;
  if (const auto store = records.store_state())
    picture.store = metrics_store(*store, *records.view()->book, services_.clock.wall());
  add_usage(*services_.usage->view(), picture);
  count(picture);
  if (picture.logins) picture.logins->sessions = services_.login->sessions().live();
  add_counts_before(picture);
  picture.exec_restarts = relaxed(counters.exec_restarts);
  picture.reloads = relaxed(counters.reloads);
  picture.failed_reloads = relaxed(counters.failed_reloads);
}

}  // namespace lb
