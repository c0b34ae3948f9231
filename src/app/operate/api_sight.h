// ApiSight: the state of the running servers for answers of the API: this one, the nodes that
// report to it, and the listeners of a mount, with their connections.
//
// Listeners of other nodes are asked for over their links; the answer names nodes that have some
// but have sent none.  Of one page at most kMaxReportedRows come from one node.
// Thread: control, except mount_now().
// Ownership: RecordService.
// Bounds: kRoom (api_sight.cc), questions about listeners at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/request/live.h"
#include "api/request/request.h"
#include "base/unique_function.h"

namespace lb {

class LaneRoom;
struct Network;

enum class NodeState : std::uint8_t;

// "up", "suspect", "down" or "draining".
std::string_view state_word(NodeState state) noexcept;

class ApiSight {
 public:
  explicit ApiSight(Network& network);
  ~ApiSight();

  using Then = UniqueFunction<void(std::shared_ptr<const LiveView>)>;
  // Calls then() once, perhaps before it returns; null: too many questions about listeners.
  // request: for kListeners and kListener, with the mount in its path and the place to go on from.
  void check(Look what, const ApiRequest& request, const std::string& lane, Then then);
  // Any thread.
  MountNow mount_now(const std::string& mount) const;

 private:
  std::vector<NodeNow> nodes() const;
  NodeNow own_row() const;
  std::vector<CertificateNow> certificates() const;
  struct Listeners;
  void query_listeners(const std::shared_ptr<Listeners>& looking, const ApiRequest& request);
  void ask_node(const std::shared_ptr<Listeners>& looking, const std::string& node);
  void add(Listeners& looking, const std::string& node, ListenerRow told) const;
  void told(const std::shared_ptr<Listeners>& looking);

  Network& network_;
  const std::unique_ptr<LaneRoom> room_;
};

}  // namespace lb
