// NeighbourCallbacks: the common reports of links to masters and to nodes: servers that come and
// go, and frames with the same meaning from both.  NeighbourSide: a session's host that passes
// these frames on.
//
// Thread: control.
// Ownership: MasterLinks and NodeLinks.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "cluster/link/frame.h"

namespace lb {

struct NeighbourCallbacks {
  // A link has begun; epoch: of the process at its other end.
  std::function<void(const std::string& id, const std::string& epoch)> joined;
  // silent: the link ended because nothing came any more.
  std::function<void(const std::string& id, bool silent)> left;
  std::function<void(const MessageFrame&)> message;
  std::function<void(const std::string& sender, const Frame&)> rows;  // has_rows()
};

// Side: NodeSide or MasterSide.
template <class Side>
class NeighbourSide : public Side {
 public:
  explicit NeighbourSide(NeighbourCallbacks neighbours) : neighbours_(std::move(neighbours)) {}

  // -- LinkHost
  void message(MessageFrame message) final { neighbours_.message(message); }
  void rows(const std::string& sender, const Frame& frame) final {
    neighbours_.rows(sender, frame);
  }

 protected:
  const NeighbourCallbacks neighbours_;
};

}  // namespace lb
