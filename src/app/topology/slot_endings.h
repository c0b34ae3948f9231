// The newest listeners of a mount end, because there are more of them than slots.
//
// Counted are all that have a slot of its gate, by HLS too, wherever they have been moved
// meanwhile; the last that came is the first that ends.  Servers that relay stay.
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
