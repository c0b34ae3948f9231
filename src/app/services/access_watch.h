// AccessWatch: has the lists of <deny-ip>, <allow-ip> and <deny-agents> read again when they
// change.
// Source: Icecast 2.4.4 (checked every 10 s).
//
// Thread: control; the files are read on the clerk.
// Ownership: Server.
#pragma once

#include "app/services/services.h"

namespace lb {

class AccessWatch {
 public:
  explicit AccessWatch(Services& services);
  // Now, and from now on every 10 s.  The first call, before the loops start, reads at once.
  void begin();
  void poll();

 private:
  Services& services_;
  Timer timer_;
};

}  // namespace lb
