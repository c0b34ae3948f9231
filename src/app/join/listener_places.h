// The limits for a listener that comes, however it listens.
// Thread: the connection's worker.
#pragma once

#include <cstdint>
#include <string_view>

#include "cluster/slots/slot_row.h"
#include "http/connection.h"
#include "stream/mount/gate.h"
#include "stream/mount/slot_gate.h"

namespace lb {

class Mount;
struct Network;
struct Worker;

// <max-listeners-per-address>.  False: it has been refused; else its places are in the context's
// notice.
bool count_address(Worker& worker, Connection& connection);
// A place among all listeners of the server, by number and by bandwidth; the one at the mount has
// been taken.  "": total is it; else why there is none.
std::string_view enter_server(Network& network, Connection& connection, const Mount& mount,
                              GatePass& total);
// <max-listeners-cluster>: a slot of the mount that it asks for.  kWaits: the stage is asked again.
// kNone: word says why.  Nodes that pull need none; kRefused: one that says it is a node, and has
// proved nothing, is answered 403: taken for a listener it would keep a slot as long as it pulls.
enum class SlotEntry : std::uint8_t { kIn, kWaits, kNone, kRefused };
struct SlotTry {
  SlotEntry entry = SlotEntry::kIn;
  SlotPass pass;
  SlotWord word = SlotWord::kNone;
};
SlotTry take_slot(Worker& worker, Connection& connection);
// No slot: as reply_full() where the whole cluster uses all of them, else 503 with a time to try
// again.
void reply_no_slot(Worker& worker, Connection& connection, SlotWord word);
// There is no place: to another server of the cluster, else 403, or 401 of a mount with an
// authenticator.
void reply_full(Worker& worker, Connection& connection,
                std::string_view why = "max listeners reached");

}  // namespace lb
