// The small stages: OPTIONS, the limit of clients, methods, aliases.
// Thread: their worker.
#pragma once

#include "app/request/worker_stage.h"

namespace lb {

// OPTIONS on anything: 204 with the CORS headers; "OPTIONS *" (libshout's first question): 200 and
// the connection stays open.
// Source: doc/decisions.md B1.
class OptionsStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

// May a page of another site read the answer?  Of streams and public pages, refusals included; not
// of the administration, of what machines ask (/_lb/, /metrics), nor of what a source is told.
bool is_for_other_sites(const Request& request);

// Counts the request as a client (doc/decisions.md B9): listeners and pages up to <clients>;
// sources may go above it by <sources>, the administrator by 4.
class AdmitStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

// Only GET and HEAD go on; POST is Icecast's 400 "unknown request".
class MethodStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

// <alias>: of GET and HEAD, one level, first hit, exact match of the decoded path.  Where there is
// none for it, "/" is index.html of the web root or else the status page, and "/admin" leads to
// "/admin/".  The addresses that SHOUTcast's stations have printed, "/;…", are the
// <shoutcast-mount>, and so is "/" to a player that asks for titles.
class AliasStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

}  // namespace lb
