// The limits on listeners, the same for streams and HLS.
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

// <max-listeners-per-address>.  False: the listener has been refused.  The context's notice holds
// the places taken.
bool count_address(Worker& worker, Connection& connection);
// Takes a place among all listeners of the server, by number and by bandwidth, after the one at the
// mount; no limit applies to a node that pulls.  Returns why there is no place; "": `total` holds
// it.
std::string_view enter_server(Worker& worker, Connection& connection, const Mount& mount,
                              GatePass& total);
// <max-listeners-cluster>: takes a slot of the mount asked for.  kWaits: the stage is asked again.
// kNone: `word` says why.  A node that pulls needs no slot.  kRefused: a server that claims to be a
// node without proof has got 403, as it would keep a listener's slot as long as it pulls.
enum class SlotEntry : std::uint8_t { kIn, kWaits, kNone, kRefused };
struct SlotTry {
  SlotEntry entry = SlotEntry::kIn;
  SlotPass pass;
  SlotWord word = SlotWord::kNone;
};
SlotTry take_slot(Worker& worker, Connection& connection);
// Answers a listener without a slot: as reply_full() where all slots of the cluster are used, else
// 503 with Retry-After.
void reply_no_slot(Worker& worker, Connection& connection, SlotWord word);
// Answers a listener without a place: 302 to another server of the cluster, else 403, or 401 where
// the mount has an authenticator.
void reply_full(Worker& worker, Connection& connection,
                std::string_view why = "max listeners reached");

}  // namespace lb
