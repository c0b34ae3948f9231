// ArchiveStage: what PastStage has split off: a range of time becomes a file, and a time a place
// for ListenStage to begin at.
//
// Where this node has not recorded all of it, the nodes that have are asked first.
// 404 with the ranges that there are where nothing of it is recorded; 503 where as many files are
// fetched as <downloads> allows.
// Bounds: 1024 requests wait for what is recorded in a moment, each for 8 s.
// Source: RFC 9110 sections 13.1.5 (If-Range) and 14.
// Thread: its worker; indexes are read by the archive's readers, and the request waits.
#pragma once

#include <string>

#include "app/stages/polled_waits.h"
#include "archive/catalog.h"
#include "archive/range_plan.h"
#include "http/connection.h"
#include "stream/stream_place.h"

namespace lb {

struct PastAsk;

class ArchiveStage final : public Stage {
 public:
  explicit ArchiveStage(Worker& worker);
  Verdict handle(Connection& connection) override;

 private:
  Verdict answer(Connection& connection, const Catalog::Files& files, const PastAsk& ask);
  Verdict look_elsewhere(Connection& connection, const PastAsk& ask);
  Verdict send_file(Connection& connection, const Catalog::Files& files, const PastAsk& ask);
  Verdict begin_stream(Connection& connection, const Catalog::Files& files, PastAsk ask);
  // True: ListenStage goes on at that byte.
  bool resumes_live(Connection& connection, const RecordedFiles& files, const StreamAddress& at);

  Worker& worker_;
  PolledWaits waits_;  // for what is recorded in a moment
};

}  // namespace lb
