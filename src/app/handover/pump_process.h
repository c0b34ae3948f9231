// PumpProcess: the part of this process that stays for its TLS connections when another one goes on
// with everything: a copy of it that runs a TlsPump and nothing else, and ends with the last of
// them.
//
// Thread: control, while all workers stand still (LoopPause): the copy has this thread alone.
// Ownership: Handover.
// Errors: it cannot be made; then nothing has changed.
#pragma once

#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "stream/mount/moved_fd.h"

namespace lb {

class PumpProcess {
 public:
  // The copy waits for go(), and ends if this object goes without it.  Without connections no copy
  // is made.
  static Result<PumpProcess> make(std::vector<PumpedConnection> connections);
  // From now on it has the connections, and this process says nothing more to their peers.
  void go();

 private:
  UniqueFd order_;
  std::vector<TlsTransport*> clients_;
};

}  // namespace lb
