// ArchiveAdminStage: what the administrator sees and removes of the archive: /admin/archive.json
// and POST /admin/archive/delete.  It stands before AdminStage, because it has no mount that plays,
// and reads indexes.
//
// {"mounts": [{"mount", "bytes", "oldest", "newest", "ranges": [{"from", "to", "bytes",
// "where"}]}]}, times in Unix seconds; with ?mount= of that one, and also "titles": [{"at",
// "title"}], the newest 1000.
// Thread: its worker.
#pragma once

#include "http/connection.h"

namespace lb {

struct Worker;

class ArchiveAdminStage final : public Stage {
 public:
  explicit ArchiveAdminStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Verdict show(Connection& connection);
  Verdict remove(Connection& connection);
  Worker& worker_;
};

}  // namespace lb
