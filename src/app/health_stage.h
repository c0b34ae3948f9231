// HealthStage: /_lb/health, may listeners be sent here (200 or 503, and why in JSON), and
// /_lb/live, does the process still turn (200 or 503).
//
// They come before every limit: whoever asks is no client, so a full server answers too, and a
// probe never takes a listener's place, nor a line in the access log.  They are for everybody: a
// load balancer has no password.
// Source: cluster.md 17; Kubernetes probes.
// Thread: its worker.  node_health(): any.
#pragma once

#include <string_view>

#include "admin/health_text.h"
#include "http/connection.h"

namespace lb {

struct Services;
struct Worker;

class HealthStage final : public Stage {
 public:
  explicit HealthStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Worker& worker_;
};

NodeHealth node_health(const Services& services);

// Paths that are the server's own, and never a mount's: "/_lb/…".
bool is_own_path(std::string_view path);

// A listener's request while the node drains: 503, and true.
bool answer_if_draining(Worker& worker, Connection& connection);

}  // namespace lb
