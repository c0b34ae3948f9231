// /admin/cluster.json and /admin/cluster/explain: what this node knows of its cluster, and why a
// listener would be sent where.
// Thread: pure functions; the sight is read at once.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace lb {

struct ClusterSight;
struct ExplainAsk;
struct Explanation;
struct Node;

// Whether a person may be sent to its pages with a session.
bool takes_sessions(const Node& node) noexcept;
// owns: of an operator, whether a mount is its own; other mounts, and the details of nodes,
// are left out then.  only: the one mount that is shown; "": all.
std::string cluster_json(const ClusterSight& sight,
                         const std::function<bool(std::string_view)>& owns = {},
                         std::string_view only = {});
std::string explanation_json(const ClusterSight& sight, const ExplainAsk& ask,
                             const Explanation& explanation);

}  // namespace lb
