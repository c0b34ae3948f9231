// DatagramPort: answers datagrams, each with one of at most its own size; while shut, senders get
// "port unreachable".
//
// A shut socket is connected to itself: the kernel then answers datagrams from other addresses with
// "port unreachable", which a connected sender sees as ECONNREFUSED, and a port below 1024 is still
// ours when it opens again.
// Thread: open() anywhere; the rest on the loop given to start().
// Ownership: app/switch_service.
// Bounds: a number of datagrams a turn; faster ones wait in the kernel, and may be lost there.
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
  // asked: the size of the question; the answer is cut to it.
  using Answer = std::function<std::string(std::size_t asked)>;

  // REQUIRES: port is not 0, or the system may give it to another socket while shut
  static Result<std::unique_ptr<DatagramPort>> open(const std::string& address, int port);
  explicit DatagramPort(UniqueFd fd) : fd_(std::move(fd)) {}

  void start(Loop& loop, Answer answer);
  // False: the system call failed, and the port is unchanged.
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
