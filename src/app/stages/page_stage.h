// PageStage: pages made from the stats: status-json.xsl, *.xsl, playlists in XML.
// FileStage: what is left: generated m3u, files of the web root, built-in files, 404.
// Source: Icecast 2.4.4; doc/decisions.md B7.
// Thread: their worker.
#pragma once

#include <deque>

#include "app/station/page_cache.h"
#include "http/connection.h"

namespace lb {

struct Worker;

class PageStage final : public Stage {
 public:
  explicit PageStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  struct Due {
    std::uint64_t id = 0;
    PageCache::Page page;
  };
  void answer_some();
  void answer(Connection& connection, const Due& due);

  Worker& worker_;
  std::deque<Due> due_;  // a page that many have waited for
};

class FileStage final : public Stage {
 public:
  explicit FileStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Worker& worker_;
};

}  // namespace lb
