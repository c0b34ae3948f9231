// PageStage: pages made from the stats: status-json.xsl, *.xsl, playlists in XML.
// Source: Icecast 2.4.4; doc/decisions.md B7.
// Thread: its worker.
#pragma once

#include <deque>

#include "app/pages/page_cache.h"
#include "app/request/worker_stage.h"

namespace lb {

class PageStage : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;

 protected:
  // Has this page made, or takes the one that is fresh, and answers with it.
  Verdict get(const Connection& connection, PageAsk ask);

 private:
  struct Due {
    std::uint64_t id = 0;
    PageCache::Page page;
  };
  void answer_some();
  void answer(Connection& connection, const Due& due);

  std::deque<Due> due_;  // a page that many have waited for
};

}  // namespace lb
