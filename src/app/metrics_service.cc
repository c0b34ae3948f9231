#include "app/metrics_service.h"

#include <algorithm>
#include <utility>

#include "app/event_service.h"
#include "app/health_stage.h"
#include "app/process_usage.h"
#include "app/relay_service.h"
#include "app/worker.h"

namespace lb {
namespace {

using namespace std::chrono_literals;
using Seconds = std::chrono::duration<double>;

constexpr auto kFresh = 1s;

double unix_time(WallTime when) { return Seconds(when.time_since_epoch()).count(); }

template <class T>
T relaxed(const std::atomic<T>& value) {
  return value.load(std::memory_order_relaxed);
}

MetricsPicture::Stream stream_of(const Mount& mount, const std::string& authority) {
  MetricsPicture::Stream stream;
  const auto facts = mount.facts();
  stream.mount = mount.name();
  stream.listenurl = "http://" + authority + mount.name();
  stream.type = facts->content_type;
  stream.running = mount.phase() == MountPhase::kRunning;
  stream.started = unix_time(facts->started_wall);
  stream.listeners = mount.listeners();
  stream.listener_peak = relaxed(mount.listener_peak);
  stream.bytes_read = relaxed(mount.bytes_read);
  stream.bytes_sent = relaxed(mount.bytes_sent);
  stream.bytes_per_second = relaxed(mount.bytes_per_second);
  stream.slow_listeners = relaxed(mount.slow_listeners);
  stream.listener_connections = relaxed(mount.listener_connections);
  return stream;
}

}  // namespace

void MetricsService::get(Then then) {
  const SteadyTime now = services_.clock.steady();
  if (text_ && now - made_ < kFresh) {
    then(text_);
    return;
  }
  waiting_.push_back(std::move(then));
  if (std::exchange(making_, true)) return;
  services_.loops.clerk().post([this, picture = take_picture()]() mutable {
    complete(picture);
    auto text = std::make_shared<const std::string>(metrics_text(std::move(picture)));
    services_.loops.control().post([this, text] {
      text_ = text;
      made_ = services_.clock.steady();
      making_ = false;
      for (Then& waiting : std::exchange(waiting_, {})) waiting(text);
    });
  });
}

MetricsPicture MetricsService::take_picture() const {
  MetricsPicture picture;
  services_.relays->for_each_relay([&picture](const std::string& mount, const Relay& relay) {
    picture.relays.push_back({mount, relay.state_text(), relay.flows()});
  });
  picture.auth_answered = services_.fetcher->answered();
  picture.auth_failed = services_.fetcher->failed();
  picture.auth_in_flight = services_.fetcher->in_flight();
  picture.auth_waiting = services_.fetcher->waiting();
  picture.auth_unsent = services_.auth->unsent();
  picture.event_readers = services_.events->readers();
  return picture;
}

void MetricsService::complete(MetricsPicture& picture) const {
  const auto config = services_.config.read();
  const ServerCounters& counters = services_.counters;
  const NodeLoad load = services_.load.read();
  picture.version = LB_VERSION;
  const ProcessUsage usage = process_usage();
  picture.process = {usage.cpu_seconds, usage.resident_bytes, usage.virtual_bytes,
                     usage.open_fds,    usage.most_fds,       unix_time(services_.started_wall)};
  picture.condition = node_health(services_).condition;
  picture.use = load.use();
  picture.clients = load.clients;
  picture.clients_limit = load.clients_limit;
  picture.sources = counters.sources.inside();
  picture.sources_limit = config->limits.sources;
  picture.listeners = load.listeners;
  picture.listeners_limit = load.listeners_limit;
  picture.audience_bytes_per_second = load.bits_per_second / 8;
  picture.connections = relaxed(counters.connections);
  picture.requests = relaxed(counters.client_connections);
  picture.files = relaxed(counters.file_connections);
  picture.listener_connections = relaxed(counters.listener_connections);
  picture.source_connections = relaxed(counters.source_total_connections);
  picture.lagged = relaxed(counters.lagged);
  for (std::size_t i = 0; i < counters.refusals.size(); ++i)
    picture.refusals.push_back({kRefusalNames[i], relaxed(counters.refusals[i])});
  for (const auto& worker : services_.workers) {
    picture.bytes_read += worker->sources.bytes_read();
    picture.bytes_sent += worker->streams.bytes_sent();
  }
  const SteadyTime now = services_.clock.steady();
  for (const LoopBeat& beat : services_.beats.read())
    picture.loops.push_back({beat.name, Seconds(beat.late).count(),
                             std::max(0.0, Seconds(now - beat.last).count()),
                             Seconds(beat.worked).count(), beat.tasks});
  const std::string authority = Services::authority(*config);
  for (const auto& [name, mount] : *services_.mounts.all())
    picture.streams.push_back(stream_of(*mount, authority));
  if (const auto context = services_.tls.context())
    for (const TlsContext::Certificate& certificate : context->certificates())
      picture.certificates.push_back(
          {certificate.file, certificate.names, unix_time(certificate.expires)});
  picture.log_lines_lost = services_.log.lost_lines();
  picture.reloads = relaxed(counters.reloads);
  picture.failed_reloads = relaxed(counters.failed_reloads);
}

}  // namespace lb
