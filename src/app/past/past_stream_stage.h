// PastStreamStage: where a stream of a mount's past begins, for listen_stage().  Where this node
// has not recorded that moment, the nodes that have are asked first. 404 with the ranges that there
// are where nothing follows it.
// Bounds: 1024 requests wait for what is recorded in a moment, each for 8 s.
// Thread: its worker; files are read in steps of PastReading, and the request waits.
#pragma once

#include <optional>

#include "app/request/polled_waits.h"
#include "archive/files/catalog.h"
#include "archive/read/stream_start.h"
#include "http/connection.h"

namespace lb {

class PastReading;
struct Worker;

class PastStreamStage final : public Stage {
 public:
  explicit PastStreamStage(Worker& worker);
  Verdict handle(Connection& connection) override;

 private:
  struct Search;
  // waits: for what is recorded in a moment.
  void begin(Connection& connection, bool waits);
  bool step(Search& search, PastReading& reading);
  void found(Connection& connection, const Search& search, std::optional<StreamStart> start);

  Worker& worker_;
  PolledWaits waits_;  // for what is recorded in a moment
};

}  // namespace lb
