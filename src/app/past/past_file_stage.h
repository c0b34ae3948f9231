// PastFileStage: a range of a mount's past as a file.  Where this node has not recorded all of it,
// the nodes that have are asked first.
// 404 with the ranges that there are where nothing of it is recorded; 503 where as many files are
// fetched as <downloads> allows.
// Source: RFC 9110 sections 13.1.5 (If-Range) and 14.
// Thread: its worker; files are read in steps of PastReading, and the request waits.
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
