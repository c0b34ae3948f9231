#include "app/services/port_remedy.h"

namespace lb {

std::string_view port_remedy(const PortFault& fault) {
  constexpr int kHttpPort = 80, kHttpsPort = 443;
  if (fault.code == Error::Code::kDenied)
    return fault.is_running
               ? "ports below 1024 are opened at a start as root with <changeowner>, or with "
                 "CAP_NET_BIND_SERVICE; it is skipped, a restart opens it"
               : "ports below 1024 need a start as root with <changeowner>, or "
                 "CAP_NET_BIND_SERVICE; it is skipped, the other ports are served";
  if (fault.is_asked && fault.port == kHttpPort)
    return "another program that has it may pass /.well-known/acme-challenge/ on to this server "
           "(doc/https.md); it is skipped";
  if (fault.is_asked && fault.port == kHttpsPort)
    return "another program that has it may pass TLS through to this server, or <challenges> "
           "leaves tls-alpn-01 out (doc/https.md); it is skipped";
  return "it is skipped";
}

}  // namespace lb
