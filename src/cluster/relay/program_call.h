// ProgramCall: waits for the first bytes of a program that has been started for a relay: only then
// there is a stream that listeners, or another node, can be given up for.
//
// Thread: the loop (control).
// Ownership: UpstreamCall; destroying it ends the program.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "net/loop/loop.h"
#include "net/socket/transport.h"

namespace lb {

class ProgramCall {
 public:
  struct Begun {
    std::unique_ptr<Transport> transport;
    std::string first;  // bytes
  };
  using Then = UniqueFunction<void(Result<Begun>)>;

  // started: an error is told later, as everything else is.  `then` is called once, never from
  // inside this call; it may destroy the call.
  ProgramCall(Loop& loop, Result<std::unique_ptr<Transport>> started,
              std::chrono::milliseconds deadline, Then then);

 private:
  void on_readable(short);
  void finish(Result<Begun> result);

  std::unique_ptr<Transport> transport_;
  std::optional<Error> fault_;
  Then then_;
  Watch watch_;
  Timer late_;
};

}  // namespace lb
