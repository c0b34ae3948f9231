// The small stages: OPTIONS, the limit of clients, methods, aliases.
// Thread: their worker.
#pragma once

#include "http/connection.h"

namespace lb {

struct Worker;

// OPTIONS on anything: 204 with the CORS headers; "OPTIONS *" (libshout's first question): 200 and
// the connection stays open.  Source: users.md 3.1; decisions B1.
class OptionsStage final : public Stage {
 public:
  Verdict handle(Connection& connection) override;
};

// Counts the request as a client (decisions B9): listeners and pages up to <clients>; sources may
// go above it by <sources>, the administrator by 4.
class AdmitStage final : public Stage {
 public:
  explicit AdmitStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Worker& worker_;
};

// Only GET and HEAD go on; POST is Icecast's 400 "unknown request".
class MethodStage final : public Stage {
 public:
  Verdict handle(Connection& connection) override;
};

// While the node drains, a listener is sent to a master of ours, once: many players come back to
// the address where they were, and not to the one that they were given.  Where there is none, 503,
// before anybody is asked for a password; who can be sent to another node by ourselves has been
// sent by then.
class DrainStage final : public Stage {
 public:
  explicit DrainStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Worker& worker_;
};

// <alias>: one level, first hit, exact match of the decoded path.
class AliasStage final : public Stage {
 public:
  explicit AliasStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Worker& worker_;
};

}  // namespace lb
