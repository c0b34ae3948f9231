// PastStreamStage: finds where a stream of a mount's past begins, for listen_stage().  Where this
// node has not recorded that moment, nodes that have recorded it are asked first.  The answer is
// 404 with the recorded ranges if nothing is recorded after it.
// Bounds: 1024 requests wait for bytes that are about to be recorded, each for 8 s.
// Thread: its worker; the request waits while PastReading reads files in steps.
// Ownership: its worker.
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
  // waits: for bytes that are about to be recorded.
  void begin(Connection& connection, bool waits);
  bool step(Search& search, PastReading& reading);
  void found(Connection& connection, const Search& search, std::optional<StreamStart> start);

  Worker& worker_;
  PolledWaits waits_;  // for bytes about to be recorded
};

}  // namespace lb
