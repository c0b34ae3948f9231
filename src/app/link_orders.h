// What a master may order this node to do over its link, done as the administrator's commands do
// it. Source: doc/link.md, CMD. Thread: control.
#pragma once

#include <functional>

#include "admin/station.h"
#include "cluster/frame.h"

namespace lb {

// Everything but kDrain.  `then` is called once, now or later; the number in it is the caller's.
void carry_out_order(Station& station, const CommandFrame& command,
                     std::function<void(ResultFrame)> then);

}  // namespace lb
