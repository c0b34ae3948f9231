// node_health(): may listeners be sent to this node, and why not.
// Thread: any.
#pragma once

#include "admin/metrics/health_text.h"

namespace lb {

struct Traffic;

NodeHealth node_health(const Traffic& traffic);

}  // namespace lb
