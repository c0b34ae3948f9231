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

struct AcmeSettings;
struct Config;

class HttpsStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;

 private:
  // Where https of this name is spoken: the port of its https <public-address>, else 443, else that
  // of the first TLS <listen-socket>; none that is not open. One of <acme>'s <ports> is 443 for
  // those that came by the router that passes 80 on. 0: nowhere.
  std::uint16_t https_port(const Config& config, const AcmeSettings& acme,
                           std::string_view host) const;
};

}  // namespace lb
