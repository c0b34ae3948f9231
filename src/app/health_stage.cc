#include "app/health_stage.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "app/node_load.h"
#include "app/worker.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kOwn = "/_lb/";
constexpr std::string_view kHealth = "/_lb/health";
constexpr std::string_view kLive = "/_lb/live";
// A loop that has not turned for so long hangs: nothing that a loop does takes a second.
constexpr auto kDead = 10s;

void reply(Connection& connection, int status, std::string type, std::string body) {
  ResponseHead head;
  head.status = status;
  head.content_type = std::move(type);
  head.content_length = body.size();
  if (status == 503) head.extra = "Retry-After: 5\r\n";
  connection.reply(head, std::move(body));
}

}  // namespace

bool is_own_path(std::string_view path) { return path.starts_with(kOwn); }

NodeHealth node_health(const Services& services) {
  const NodeLoad load = services.load.read();
  const auto drain = services.drain.picture();
  NodeHealth health;
  health.listeners = load.listeners;
  health.most_listeners = load.clients_limit;
  if (load.listeners_limit > 0)
    health.most_listeners = std::min(health.most_listeners, load.listeners_limit);
  health.use = load.use();
  health.version = LB_VERSION;
  if (drain->mode != DrainMode::kOff) {
    health.condition = NodeCondition::kDraining;
    health.drain = to_text(drain->mode);
  } else if (!services.ready.load(std::memory_order_relaxed)) {
    health.condition = NodeCondition::kStarting;
  } else if (health.use >= 1) {
    health.condition = NodeCondition::kFull;
  }
  return health;
}

Verdict HealthStage::handle(Connection& connection) {
  const Request& request = connection.request();
  if (!is_own_path(request.path)) return Verdict::kNext;
  if (request.method != Method::kGet && request.method != Method::kHead) return Verdict::kNext;
  Services& services = worker_.services;
  connection.is_probe = request.path == kHealth || request.path == kLive;
  if (request.path == kHealth) {
    const NodeHealth health = node_health(services);
    reply(connection, health.takes_listeners() ? 200 : 503, "application/json",
          health_json(health));
    return Verdict::kAnswered;
  }
  if (request.path == kLive) {
    const bool alive = services.beats.alive(kDead);
    reply(connection, alive ? 200 : 503, "text/plain; charset=utf-8",
          alive ? "alive\n" : "stuck\n");
    return Verdict::kAnswered;
  }
  return Verdict::kNext;
}

bool answer_if_draining(Worker& worker, Connection& connection) {
  if (!worker.services.drain.draining()) return false;
  worker.services.counters.refused(Refusal::kDraining);
  ResponseHead head;
  head.status = 503;
  head.content_type = "text/plain; charset=utf-8";
  head.extra = "Retry-After: 10\r\n";
  connection.reply(head, "this server is being emptied, please come back");
  return true;
}

}  // namespace lb
