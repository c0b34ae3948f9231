// NowFeedStage: GET /api/v1/now/MOUNT/events, what plays as server-sent events, without a login.
// Source: doc/titles.md.
// Thread: its worker; the socket becomes a reader's of NowFeeds there.
#pragma once

#include <memory>

#include "app/stages/worker_stage.h"

namespace lb {

class TextFeed;

class NowFeedStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;

 private:
  void join(Connection& connection, const std::shared_ptr<TextFeed>& feed);
};

}  // namespace lb
