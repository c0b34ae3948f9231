// Launch: the program's path and arguments, to start it once more as a child process.
//
// Thread: take() in main, before any other thread; start() on control.
// Bounds: one process at a time.
// Errors: name the program that could not be started, and the reason.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "net/socket/fd_channel.h"

namespace lb {

struct Launch {
  std::string program;                 // its path; an upgrade replaces the file
  std::vector<std::string> arguments;  // without its name and --take-over
  std::string root;                    // of a <chroot>, for errors; usually empty

  static Launch take(int argc, char** argv);
  // Adds --take-over with the end of a channel; default signals, no other descriptor.
  Result<pid_t> start(const FdChannel& theirs) const;
};

}  // namespace lb
