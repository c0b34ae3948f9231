// node_health(): whether listeners may be sent to this node, and the reason if not.
// Thread: any.
#pragma once

#include "admin/metrics/health_text.h"

namespace lb {

struct Traffic;

NodeHealth node_health(const Traffic& traffic);

}  // namespace lb
