// LinkStage: a node that asks for a link on an ordinary listen-socket, where a <cluster-port> is
// not wanted: within TLS, by the server's certificate, with its id and secret as Basic credentials.
// The connection leaves this worker and becomes a NodeSession on control.
// Source: doc/link.md.
// Thread: its worker.
#pragma once

#include "http/connection.h"

namespace lb {

struct Worker;

class LinkStage final : public Stage {
 public:
  explicit LinkStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Worker& worker_;
};

}  // namespace lb
