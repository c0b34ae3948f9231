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
  std::shared_ptr<Mount> mount;  // the mount asked for, or the one it overflows to
  SlotPass slot;
  GatePass at_mount, at_server;
  bool overflowed = false;  // has no slot of the mount that it asked for
};

// Whether a full mount may hand the listener to its fallback.  kNever: the bytes that wait for the
// listener belong to this mount only.
enum class Overflow : std::uint8_t { kMay, kNever };

// Applies all limits of this mount.  kPending: the listener waits for a slot, and its stage is
// asked again.  kAnswered: it has been refused.
std::variant<ListenerEntry, Verdict> enter_mount(Worker& worker, Connection& connection,
                                                 std::shared_ptr<Mount> mount, Overflow overflow);

}  // namespace lb
