// PumpProcess: a copy of this process that stays for its TLS connections when another one takes
// over everything else.  It runs only a TlsPump, and ends with the last connection.  By a channel
// it reports their number to the serving process, and ends them all when that tells it to.
//
// Thread: control, while all workers stand still (LoopPause): the copy has only this thread.
// Ownership: Handover.
// Errors: the copy cannot be made; nothing has changed then.
#pragma once

#include <sys/types.h>

#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "stream/mount/moved_fd.h"

namespace lb {

class PumpProcess {
 public:
  PumpProcess() = default;
  PumpProcess(PumpProcess&&) = default;
  PumpProcess& operator=(PumpProcess&&) = delete;
  ~PumpProcess();
  // The copy waits for go(), and ends if this object is destroyed before.  Without connections no
  // copy is made.
  static Result<PumpProcess> make(std::vector<PumpedConnection> connections);
  // Our end of its channel (TlsPumps), for the next process; "": there is no copy.
  std::vector<int> channel() const;
  // From now on the copy owns the connections, and this process sends nothing more on them.
  void go();

 private:
  UniqueFd channel_;
  pid_t pid_ = 0;
  bool goes_ = false;
  std::vector<TlsTransport*> clients_;
};

}  // namespace lb
