// AgentStage: <deny-agents> turns programs away by their User-Agent.
// AccessWatch: has the lists of <deny-ip>, <allow-ip> and <deny-agents> read again when they
// change. (Addresses are judged at accept, in worker.cc: nothing is sent to them.) Source:
// Icecast 2.4.4 (compat.md 3: looked at every 10 s), Icecast-KH's deny-agents.
#pragma once

#include "http/connection.h"
#include "net/loop.h"

namespace lb {

struct Services;
struct Worker;

// Thread: its worker.
class AgentStage final : public Stage {
 public:
  explicit AgentStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Worker& worker_;
};

// Thread: control; the files are read on the clerk.  Ownership: app::Server.
class AccessWatch {
 public:
  explicit AccessWatch(Services& services);
  // Now, and from now on every 10 s.  The first call, before the loops start, reads at once.
  void begin();
  void look();

 private:
  Services& services_;
  Timer timer_;
};

}  // namespace lb
