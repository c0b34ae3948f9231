// The plans of /api/v1/nodes: what the nodes of the cluster are doing, drains and weights.
//
// A login that sees only some mounts is shown of a node that it is there, and its state.
// Source: doc/api.md.
// Thread: pure functions.
#pragma once

#include "api/request/request.h"

namespace lb {

struct PlanContext;

Plan list_nodes(const PlanContext& context);
Plan read_node(const PlanContext& context);
Plan drain_node_plan(const PlanContext& context);
Plan weigh_node(const PlanContext& context);

}  // namespace lb
