// Stage: one question that is asked of every request, in the order of app/routes.cc.
// Thread: the worker of the connection.
// Ownership: app/services/worker.
#pragma once

#include <cstdint>

namespace lb {

class Connection;

enum class Verdict : std::uint8_t {
  kNext,      // the next stage is asked
  kAnswered,  // replied, or the socket has moved on
  kPending,   // resume() or ask_again() follows, perhaps from another loop by way of find()
};

class Stage {
 public:
  virtual ~Stage() = default;
  virtual Verdict handle(Connection& connection) = 0;
};

}  // namespace lb
