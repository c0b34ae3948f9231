// PictureStage: GET /_lb/art/NAME: a picture of a title (doc/titles.md).  One that is not here is
// fetched from the node that has told of the title; 404 where no server has it.
//
// The bytes are a stranger's: they are sent as the picture that they begin as, for no other use,
// and never run.
// Thread: its worker.
#pragma once

#include <string>

#include "app/request/worker_stage.h"

namespace lb {

class PictureStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;

 private:
  bool answer(Connection& connection, const std::string& name);
};

}  // namespace lb
