// health_stage(): /_lb/health, whether listeners may be sent here (200 or 503, with the reason in
// JSON), and /_lb/live, whether the process works (200 or 503).
//
// It runs before every limit, as a probe is no client: a full server answers too, and a probe
// neither takes a listener's place nor writes to the access log.  It needs no login, as a load
// balancer has none.
// Source: doc/orchestration.md; Kubernetes probes.
#include <chrono>
#include <string>
#include <utility>

#include "app/endpoints/stages.h"
#include "app/services/node_health.h"
#include "app/services/worker.h"
#include "net/loop/loop_beats.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kHealth = "/_lb/health";
// A loop that has not run for so long hangs: no task of a loop takes a second.
constexpr auto kLoopDead = 10s;

void send_health(Connection& connection, int status, std::string type, std::string body) {
  ResponseHead head;
  head.status = status;
  head.content_type = std::move(type);
  if (status == 503) head.extra = "Retry-After: 5\r\n";
  connection.reply_whole(std::move(head), std::move(body));
}

}  // namespace

Verdict health_stage(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  if (request.method != Method::kGet && request.method != Method::kHead) return Verdict::kNext;
  Traffic& traffic = worker.services;
  connection.is_probe = true;
  if (request.path == kHealth) {
    const NodeHealth health = node_health(traffic);
    send_health(connection, health.takes_listeners() ? 200 : 503, "application/json",
                health_json(health));
    return Verdict::kAnswered;
  }
  const bool alive = traffic.beats->alive(kLoopDead);
  send_health(connection, alive ? 200 : 503, "text/plain; charset=utf-8",
              alive ? "alive\n" : "stuck\n");
  return Verdict::kAnswered;
}

}  // namespace lb
