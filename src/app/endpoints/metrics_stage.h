// MetricsStage: /metrics, the numbers for Prometheus (admin/metrics/metrics.h), for the
// administrator and for the addresses of <metrics>; without that element, for this machine.
//
// A proxy on this machine makes the whole world look local.  So a request that says it was passed
// on (X-Forwarded-For, Forwarded, Via) needs the password, unless <x-forwarded-for> of the
// configuration believes its proxy; then the client's own address counts.
// Operators and owners get the samples of their own mounts.
// It comes before the limit of clients: monitors see a full server too.
// A mount called /metrics, or a file, is served as with Icecast: it comes first.
// Thread: its worker.
#pragma once

#include "app/request/worker_stage.h"

namespace lb {

constexpr std::string_view kMetricsPath = "/metrics";

class MetricsStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

}  // namespace lb
