// ProofStage: GET /_lb/proof?ask=…: a master finds out whether this is the node that it is linked
// to.
// Source: doc/link.md, PROVE.
// Thread: its worker.
#pragma once

#include "http/connection.h"

namespace lb {

struct Worker;

class ProofStage final : public Stage {
 public:
  explicit ProofStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Worker& worker_;
};

}  // namespace lb
