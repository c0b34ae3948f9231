// /admin/cluster.json and /admin/cluster/explain: this node's knowledge of its cluster, and why a
// listener would be redirected to a node.
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

// Whether a browser may be redirected to the node's pages with a session.
bool takes_sessions(const Node& node) noexcept;
// owns: for an operator, whether a mount is its own; other mounts and details of nodes are then
// left out. only: the one mount to show; "": all.
std::string cluster_json(const ClusterSight& sight,
                         const std::function<bool(std::string_view)>& owns = {},
                         std::string_view only = {});
std::string explanation_json(const ClusterSight& sight, const ExplainAsk& ask,
                             const Explanation& explanation);

}  // namespace lb
