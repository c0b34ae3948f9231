// /admin/cluster.json and /admin/cluster/explain: what this node knows of its cluster, and why a
// listener would be sent where.
// Thread: pure functions; the sight is read at once.
#pragma once

#include <string>

#include "admin/station.h"

namespace lb {

std::string cluster_json(const ClusterSight& sight);
std::string explanation_json(const ClusterSight& sight, const ExplainAsk& ask,
                             const Explanation& explanation);

}  // namespace lb
