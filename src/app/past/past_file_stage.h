// PastFileStage: a range of a mount's past as a file.  Where this node has not recorded all of it,
// nodes that have recorded it are asked first.  The answer is 404 with the recorded ranges if
// nothing of it is recorded; 503 beyond <downloads>.
// Source: RFC 9110 sections 13.1.5 (If-Range) and 14.
// Thread: its worker; the request waits while PastReading reads files in steps.
// Ownership: its worker.
#pragma once

#include "app/request/polled_waits.h"
#include "http/connection.h"

namespace lb {

struct Worker;

class PastFileStage final : public Stage {
 public:
  explicit PastFileStage(Worker& worker);
  Verdict handle(Connection& connection) override;

 private:
  Worker& worker_;
  PolledWaits waits_;  // for a directory that is being read
};

}  // namespace lb
