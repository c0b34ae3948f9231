// HttpsStage: sends browsers from http to https (308), and tells those that have come by https to
// stay there; both for names alone of which there is a certificate that is valid now.
//
// Left alone: sources, programs, what a proxy has passed on (it may have spoken https), challenges,
// health and metrics; streams, but for <redirect>all</redirect>.
// Source: RFC 9110 15.4.9, RFC 6797, Fetch Metadata (Sec-Fetch-Mode).
// Thread: its worker.
#pragma once

#include <cstdint>
#include <string_view>

#include "app/request/worker_stage.h"

namespace lb {

class HttpsStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

// Where https of this name is spoken: the port of its https <public-address>, else that of the
// first TLS <listen-socket>, else that of <acme>'s <ports>.  0: nowhere.
struct Config;
std::uint16_t https_port_of(const Config& config, std::string_view host);

}  // namespace lb
