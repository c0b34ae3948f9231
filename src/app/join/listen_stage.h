// ListenStage: a GET or HEAD of a mount becomes a listener (or the head of one).  An idle mount is
// an on-demand relay: a GET starts it, and the request waits until its type is known.
// Source: Icecast 2.4.4; what players send as Range.
// Thread: its worker.
#pragma once

#include <memory>

#include "http/connection.h"
#include "stream/mount/mount.h"
#include "stream/mount/slot_gate.h"

namespace lb {

struct DirectOffer;
struct ListenAsk;
struct Worker;

class ListenStage final : public Stage {
 public:
  // of_mounts: as in MountLookupStage.
  ListenStage(Worker& worker, const Stage& of_mounts) : worker_(worker), of_mounts_(of_mounts) {}
  Verdict handle(Connection& connection) override;

 private:
  // Another server may play an idle mount sooner.
  Verdict ask_elsewhere(Connection& connection);
  // A listener of this mount, if all limits allow.  direct: where its bytes come from; null: the
  // log.
  Verdict admit(Connection& connection, const ListenAsk& ask, std::shared_ptr<Mount> mount,
                std::shared_ptr<DirectOffer> direct);
  // A mount of the chain with room; null when all are full.
  std::shared_ptr<Mount> enter_with_room(std::shared_ptr<Mount> mount) const;
  // Of a mount without a slot for it: one with room to which its listeners overflow, whose slot it
  // takes then, where that is limited too.
  std::shared_ptr<Mount> enter_overflow(std::shared_ptr<Mount> mount, SlotPass& slot) const;
  Worker& worker_;
  const Stage& of_mounts_;
};

}  // namespace lb
