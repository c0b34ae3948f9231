// ListenStage: a GET or HEAD of a mount becomes a listener (or the head of one).  An idle mount is
// an on-demand relay: a GET starts it, and the request waits until its type is known.
// Source: Icecast 2.4.4; what players send as Range.
// Thread: its worker.
#pragma once

#include <memory>

#include "http/connection.h"

namespace lb {

struct DirectOffer;
struct ListenAsk;
class Listener;
struct ListenerEntry;
class Mount;
struct SourceFacts;
struct Worker;

class ListenStage final : public Stage {
 public:
  // of_mounts: as in MountLookupStage.
  ListenStage(Worker& worker, const Stage& of_mounts) : worker_(worker), of_mounts_(of_mounts) {}
  Verdict handle(Connection& connection) override;

 private:
  // An idle mount: its relay starts, and the request waits for it.
  Verdict start_relay(Connection& connection, const ListenAsk& ask, const Mount& mount,
                      bool first_time);
  // Another server may play an idle mount sooner.
  Verdict ask_elsewhere(Connection& connection);
  // A listener of this mount, if all limits allow.  direct: where its bytes come from; null: the
  // log.
  Verdict admit(Connection& connection, const ListenAsk& ask, std::shared_ptr<Mount> mount,
                std::shared_ptr<DirectOffer> direct);
  // Takes the connection's transport, with which it ends.
  std::unique_ptr<Listener> make_listener(Connection& connection, const ListenAsk& ask,
                                          ListenerEntry entry, const SourceFacts& facts);

  Worker& worker_;
  const Stage& of_mounts_;
};

}  // namespace lb
