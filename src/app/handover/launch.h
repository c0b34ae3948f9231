// Launch: how this program was started, to start it once more; and the process that it starts.
//
// Thread: take() in main, before any other thread; start() on control.
// Bounds: one process at a time.
// Errors: say which program could not be started, and why.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "net/socket/fd_channel.h"

namespace lb {

struct Launch {
  std::string program;                 // the path that it had: a new version lies there later
  std::vector<std::string> arguments;  // without its name and --take-over

  static Launch take(int argc, char** argv);
  // With the end of a channel as --take-over; default signals, no other descriptor.
  Result<pid_t> start(const FdChannel& theirs) const;
};

}  // namespace lb
