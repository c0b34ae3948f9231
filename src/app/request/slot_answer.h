// SlotAnswer: what a request for a mount with <max-listeners-cluster> has been answered that waited
// for a slot (Worker::resume_with_slot()).
// Thread: the worker of the connection.
// Ownership: the request's context, until listener_places.h takes it.
#pragma once

#include "cluster/slots/slot_row.h"
#include "stream/mount/slot_gate.h"

namespace lb {

struct SlotAnswer {
  SlotPass pass;                    // empty: it has none …
  SlotWord word = SlotWord::kNone;  // … for this reason
};

}  // namespace lb
