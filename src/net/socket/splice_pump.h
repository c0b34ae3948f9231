// SplicePump: moves bytes from one socket to another through a pipe, without copying them into
// this process: splice(2).
//
// Thread: the loop that holds it; not thread-safe.
// Ownership: it owns its pipe (two descriptors), not the sockets, which must be non-blocking.
// SIGPIPE must be ignored, because splice() has no MSG_NOSIGNAL.
// Units: bytes.
// Errors: open() fails without free descriptors.
//
// EAGAIN of the first splice() means an empty source or a full pipe; it is the source if the pipe
// was empty before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"

namespace lb {

class SplicePump {
 public:
  // How a round ended.
  enum class Stop : std::uint8_t {
    kBudget,       // the budget has moved; there may be more
    kSourceDry,    // wait until the source can be read
    kSinkFull,     // wait until the sink can be written to
    kSourceEnded,  // and the sink has got everything
    kSourceBroken,
    kSinkBroken,
  };
  struct Moved {
    Stop stop = Stop::kBudget;
    std::size_t in = 0, out = 0;
  };

  static Result<SplicePump> open();
  // The state for a pump that continues in another process.
  struct State {
    std::size_t held = 0;  // bytes in the pipe
    bool source_ended = false;
  };
  SplicePump(UniqueFd out, UniqueFd in, State state) noexcept
      : out_(std::move(out)), in_(std::move(in)), state_(state) {}
  int out_fd() const noexcept { return out_.get(); }
  int in_fd() const noexcept { return in_.get(); }
  const State& state() const noexcept { return state_; }

  // Moves about `budget` bytes to the sink, or until it has to wait.
  Moved pump(int source, int sink, std::size_t budget) noexcept;
  // Bytes taken from the source that have not reached the sink.
  std::size_t held() const noexcept { return state_.held; }

 private:
  UniqueFd out_, in_;  // the pipe's ends: to be read, to be written
  State state_;
};

}  // namespace lb
