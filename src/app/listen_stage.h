// ListenStage: a GET or HEAD of a mount becomes a listener (or the head of one).
// Source: Icecast 2.4.4 (compat.md 2); users.md 3.3 for the Range habits of players.
// Thread: its worker.
#pragma once

#include <memory>

#include "http/connection.h"
#include "stream/mount.h"

namespace lb {

struct DirectOffer;
struct Services;
struct Worker;

// The mount itself, or the first live one of its fallback chain; null: none.
std::shared_ptr<Mount> playing_mount(const Services& services, const std::string& path,
                                     bool idle_too = true);

// Safari asks for the first two bytes before it plays and wants them as a part; other users of
// AppleCoreMedia lose their titles when they get one (users.md 3.3).
bool is_safari_probe(const Request& request);

class ListenStage final : public Stage {
 public:
  explicit ListenStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override { return handle(connection, true); }
  // may_wait: an on-demand relay is started, and the answer waits until its type is known.
  Verdict handle(Connection& connection, bool may_wait);
  // A listener of this mount, if all limits allow.  direct: where its bytes come from; null: the
  // log.
  void admit(Connection& connection, std::shared_ptr<Mount> mount, DirectOffer* direct);

 private:
  // A mount of the chain with room; null when all are full.
  std::shared_ptr<Mount> enter_with_room(std::shared_ptr<Mount> mount) const;
  Worker& worker_;
};

// LearnStage: a mount that this node does not know yet, because a master began it after its last
// list: the masters are asked, and the answer waits for a moment.  Without it a listener who was
// redirected here in that time would get 404.
class LearnStage final : public Stage {
 public:
  explicit LearnStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Worker& worker_;
};

// A request that waited for its mount: it has begun, or (give_up) it will not.  Nothing happens
// when the connection has gone.
void listen_again(Worker& worker, std::uint64_t connection, bool give_up);
// The same, of a request that is served straight from another server's stream.
void listen_direct(Worker& worker, std::uint64_t connection, DirectOffer offer);

}  // namespace lb
