// NowFeedStage: what plays as server-sent events, without a login: GET /api/v1/now/MOUNT/events,
// and AzuraCast's /api/live/nowplaying/sse, where no mount and no file of the web root has that
// name.
// Source: doc/titles.md.
// Thread: its worker; the socket becomes a reader's of NowFeeds there.
#pragma once

#include <memory>

#include "app/request/worker_stage.h"

namespace lb {

class TextFeed;

class NowFeedStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;

 private:
  Verdict join(Connection& connection, const std::shared_ptr<TextFeed>& feed);
  Verdict send_elsewhere(Connection& connection);
};

}  // namespace lb
