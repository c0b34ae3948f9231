// PageStage: pages made from the stats: status-json.xsl, *.xsl, playlists in XML.
// FileStage: what is left: generated m3u, files of the web root, built-in files, 404.
// Source: Icecast 2.4.4 (compat.md 2.5); decisions B7.
// Thread: their worker.
#pragma once

#include "http/connection.h"

namespace lb {

struct Worker;

class PageStage final : public Stage {
 public:
  explicit PageStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Worker& worker_;
};

class FileStage final : public Stage {
 public:
  explicit FileStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Worker& worker_;
};

}  // namespace lb
