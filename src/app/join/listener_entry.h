// ListenerEntry: the places of a listener of a stream: at a mount with room, at the server and,
// where the cluster limits the mount, a slot.
// Thread: the connection's worker.
// Ownership: the stage, until the listener takes it over.
#pragma once

#include <memory>
#include <variant>

#include "http/connection.h"
#include "stream/mount/gate.h"
#include "stream/mount/slot_gate.h"

namespace lb {

class Mount;
struct Worker;

struct ListenerEntry {
  std::shared_ptr<Mount> mount;  // another than was asked for where that is full and overflows
  SlotPass slot;
  GatePass at_mount, at_server;
  bool overflowed = false;  // it has no slot of the mount that it asked for
};

// Whether a full mount's listeners may get another's stream: bytes that wait for this one belong to
// its own mount.
enum class Overflow : std::uint8_t { kMay, kNever };

// All limits that a listener of this mount meets.  kPending: it waits for a slot, and its stage is
// asked again; kAnswered: it has been refused.
std::variant<ListenerEntry, Verdict> enter_mount(Worker& worker, Connection& connection,
                                                 std::shared_ptr<Mount> mount, Overflow overflow);

}  // namespace lb
