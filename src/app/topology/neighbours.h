// NeighbourCallbacks: what the links to masters and those of nodes report alike: servers that come
// and go, and the frames that mean the same from both.  NeighbourSide: the side of a session that
// hands those frames on.
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
  // A link stands; epoch: of the process at its other end.
  std::function<void(const std::string& id, const std::string& epoch)> joined;
  // silent: nothing came from it any more.
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
