// PlaylistStage: NAME.m3u, NAME.pls and NAME.xspf of a mount whose listeners are redirected: the
// best nodes first, this server last.  For players that know no redirect it is one, and every
// player has somewhere to go when its node ends.
//
// The addresses have the list's query, and, of nodes that check tokens, one that lasts a minute: a
// player that comes again later with that address is judged like one without a token.
//
// Without redirecting, and for names that are files, the stages behind answer as ever.
// Source: doc/redirects.md.
// Thread: its worker.
#pragma once

#include "app/request/worker_stage.h"

namespace lb {

class PlaylistStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

}  // namespace lb
