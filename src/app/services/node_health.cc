#include "app/services/node_health.h"

#include <algorithm>

#include "app/services/archive_service.h"
#include "app/services/traffic.h"
#include "archive/record/archive_writer.h"
#include "net/tls/tls_keeper.h"

namespace lb {

NodeHealth node_health(const Traffic& traffic) {
  const NodeLoad load = traffic.load.read();
  const auto drain = traffic.drain.picture();
  NodeHealth health;
  health.listeners = load.audience;
  health.most_listeners = load.clients_limit;
  if (load.listeners_limit > 0)
    health.most_listeners = std::min(health.most_listeners, load.listeners_limit);
  health.use = load.use();
  health.version = LB_VERSION;
  // Only a warning: players refuse the certificate, but plain http goes on.
  if (const auto tls = traffic.tls->context())
    for (const TlsContext::Certificate& one : tls->certificates())
      if (one.expires <= traffic.clock.wall()) health.certificate = "expired";
  health.archive_paused =
      traffic.archive && traffic.archive->on() &&
      traffic.archive->writer().numbers().paused.load(std::memory_order_relaxed) > 0;
  health.log_fails = traffic.log.is_losing();
  if (drain->mode != DrainMode::kOff) {
    health.condition = NodeCondition::kDraining;
    health.drain = to_text(drain->mode);
  } else if (!traffic.ready.load(std::memory_order_relaxed)) {
    health.condition = NodeCondition::kStarting;
  } else if (health.use >= 1) {
    health.condition = NodeCondition::kFull;
  }
  return health;
}

}  // namespace lb
