// LinkHost: what every session of a link needs from the server around it; see master_side.h and
// node_side.h.
// Thread: control.
// Ownership: app/cluster implements it; it outlives all sessions.
#pragma once

#include "base/log.h"
#include "cluster/link/frame.h"
#include "net/loop.h"

namespace lb {

class LinkHost {
 public:
  virtual ~LinkHost() = default;
  virtual Loop& loop() noexcept = 0;
  virtual Log& log() noexcept = 0;
  // A message between nodes, from the other side of the link.
  virtual void message(MessageFrame message) = 0;
  // What the other side of a link knows of mounts that are captured once.
  virtual void ingest(const std::string& /*teller*/, const IngestFrame& /*frame*/) {}
  // What the other side of a link knows of recordings.
  virtual void archive(const std::string& /*teller*/, const ArchiveFrame& /*frame*/) {}
  // What the other side of a link says of slots, and of seats.
  virtual void slots(const std::string& /*teller*/, const SlotFrame& /*frame*/) {}
  virtual void seats(const std::string& /*teller*/, const SeatFrame& /*frame*/) {}
};

}  // namespace lb
