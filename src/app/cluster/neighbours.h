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
  std::function<void(const std::string& teller, const IngestFrame&)> ingest;
  std::function<void(const std::string& teller, const ArchiveFrame&)> archive;
  std::function<void(const std::string& teller, const SlotFrame&)> slots;
  std::function<void(const std::string& teller, const SeatFrame&)> seats;
};

// Side: NodeSide or MasterSide.
template <class Side>
class NeighbourSide : public Side {
 public:
  explicit NeighbourSide(NeighbourCallbacks neighbours) : neighbours_(std::move(neighbours)) {}

  // -- LinkHost
  void message(MessageFrame message) final { neighbours_.message(message); }
  void ingest(const std::string& teller, const IngestFrame& frame) final {
    neighbours_.ingest(teller, frame);
  }
  void archive(const std::string& teller, const ArchiveFrame& frame) final {
    neighbours_.archive(teller, frame);
  }
  void slots(const std::string& teller, const SlotFrame& frame) final {
    neighbours_.slots(teller, frame);
  }
  void seats(const std::string& teller, const SeatFrame& frame) final {
    neighbours_.seats(teller, frame);
  }

 protected:
  const NeighbourCallbacks neighbours_;
};

}  // namespace lb
