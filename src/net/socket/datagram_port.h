// DatagramPort: answers datagrams, each with one of at most its own size; or is shut, and then the
// sender gets "port unreachable".
//
// Shut means: connected to itself.  The kernel then accepts datagrams from no other address and
// answers them with "port unreachable", which a connected socket of the sender sees as
// ECONNREFUSED; and a port below 1024 is still ours when it is opened again.
// Thread: open() anywhere; the rest on the loop given to start().
// Bounds: so many datagrams a turn of the loop; what comes faster waits in the kernel, and is lost
// there.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "net/loop/loop.h"

namespace lb {

class DatagramPort {
 public:
  // asked: the size of the question, which the answer should not exceed; it is cut to that.
  using Answer = std::function<std::string(std::size_t asked)>;

  // REQUIRES: port is not 0, or the system gives it to others when it is shut and opened
  static Result<std::unique_ptr<DatagramPort>> open(const std::string& address, int port);
  explicit DatagramPort(UniqueFd fd) : fd_(std::move(fd)) {}

  void start(Loop& loop, Answer answer);
  // False: the system call failed, and the port is as before.
  bool set_shut(bool shut);
  bool is_shut() const noexcept { return shut_; }
  int port() const;
  int fd() const noexcept { return fd_.get(); }

 private:
  void on_ready(short events);

  UniqueFd fd_;
  bool shut_ = false;
  Answer answer_;
  Watch watch_;
};

}  // namespace lb
