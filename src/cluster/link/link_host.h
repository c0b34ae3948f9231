// LinkHost: what every session of a link needs from the server around it; see MasterSide and
// NodeSide.
// Thread: control.
// Ownership: app/cluster implements it; it outlives all sessions.
#pragma once

#include "base/log.h"
#include "cluster/link/frame.h"
#include "net/loop/loop.h"

namespace lb {

class LinkHost {
 public:
  virtual ~LinkHost() = default;
  virtual Loop& loop() noexcept = 0;
  virtual Log& log() noexcept = 0;
  // A message between nodes, from the other side of the link.
  virtual void message(MessageFrame message) = 0;
  // Rows of a table that both ends know, as the other side of a link tells them: has_rows(frame).
  virtual void rows(const std::string& /*sender*/, const Frame& /*frame*/) {}
};

}  // namespace lb
