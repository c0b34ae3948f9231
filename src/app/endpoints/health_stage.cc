// health_stage(): /_lb/health, may listeners be sent here (200 or 503, and why in JSON), and
// /_lb/live, does the process still turn (200 or 503).
//
// They come before every limit: a probe is no client, so a full server answers too, and a
// probe never takes a listener's place, nor a line in the access log.  They need no login: a
// load balancer has no password.
// Source: doc/orchestration.md; Kubernetes probes.
#include <chrono>
#include <string>
#include <utility>

#include "app/endpoints/stages.h"
#include "app/services/node_health.h"
#include "app/services/worker.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kHealth = "/_lb/health";
// A loop that has not turned for so long hangs: nothing that a loop does takes a second.
constexpr auto kLoopDead = 10s;

void send_health(Connection& connection, int status, std::string type, std::string body) {
  ResponseHead head;
  head.status = status;
  head.content_type = std::move(type);
  head.content_length = body.size();
  if (status == 503) head.extra = "Retry-After: 5\r\n";
  connection.reply(head, std::move(body));
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
  const bool alive = traffic.beats.alive(kLoopDead);
  send_health(connection, alive ? 200 : 503, "text/plain; charset=utf-8",
              alive ? "alive\n" : "stuck\n");
  return Verdict::kAnswered;
}

}  // namespace lb
