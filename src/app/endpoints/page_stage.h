// PageStage: pages made from the stats: status-json.xsl, *.xsl, playlists in XML.
// Source: Icecast 2.4.4; doc/decisions.md B7.
// Thread: its worker.
// Ownership: its worker.
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
  // Answers with this page, fresh from the cache or newly rendered.
  Verdict get(const Connection& connection, PageAsk ask);

 private:
  struct Due {
    std::uint64_t id = 0;
    PageCache::Page page;
  };
  void answer_some();
  void answer(Connection& connection, const Due& due);

  std::deque<Due> due_;  // readers of a page that many have waited for
};

}  // namespace lb
