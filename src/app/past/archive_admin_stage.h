// ArchiveAdminStage: what the administrator sees and removes of the archive: /admin/archive.json
// and POST /admin/archive/delete.  It stands before admin_stage(), because it has no mount that
// plays, and reads indexes.
//
// {"mounts": [{"mount", "bytes", "oldest", "newest", "ranges": [{"from", "to", "bytes",
// "where"}]}]}, times in Unix seconds; with ?mount= of that one, and also "titles": [{"at",
// "title"}], the newest 1000.
// Thread: its worker.
#pragma once

#include "app/request/worker_stage.h"

namespace lb {

class ArchiveAdminStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;

 private:
  Verdict show(Connection& connection);
  Verdict remove(Connection& connection);
};

}  // namespace lb
