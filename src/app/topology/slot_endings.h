// Ends the newest listeners of a mount that has more listeners than slots.
//
// All holders of a slot count, HLS too, wherever they were moved meanwhile; the last to come ends
// first.  Relaying servers stay.
// Thread: control; the listeners end on their workers.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "stream/mount/slot_gate.h"

namespace lb {

struct Traffic;

void end_newest(Traffic& traffic, const std::string& mount, std::shared_ptr<SlotGate> gate,
                std::size_t listeners);

}  // namespace lb
