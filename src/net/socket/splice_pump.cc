#include "net/socket/splice_pump.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/cat.h"
#include "net/socket/transport.h"

namespace lb {
namespace {

constexpr std::size_t kPiece = 65'536;  // the capacity of a pipe
constexpr unsigned kHow = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

}  // namespace

Result<SplicePump> SplicePump::open() {
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0)
    return Error::io(cat({"a pipe cannot be made: ", std::strerror(errno)}));
  return SplicePump(UniqueFd(ends[0]), UniqueFd(ends[1]), {});
}

SplicePump::Moved SplicePump::pump(int source, int sink, std::size_t budget) noexcept {
  Moved moved;
  const auto stop = [&moved](Stop why) {
    moved.stop = why;
    return moved;
  };
  while (moved.out < budget) {
    const bool was_empty = state_.held == 0;
    bool dry = false;
    if (!state_.source_ended) {
      const ssize_t n = ::splice(source, nullptr, in_.get(), nullptr, kPiece, kHow);
      if (n > 0) {
        state_.held += static_cast<std::size_t>(n);
        moved.in += static_cast<std::size_t>(n);
      } else if (n == 0) {
        state_.source_ended = true;
      } else if (!is_momentary(errno)) {
        return stop(Stop::kSourceBroken);
      } else {
        dry = was_empty;
      }
    }
    while (state_.held > 0) {
      const ssize_t n = ::splice(out_.get(), nullptr, sink, nullptr, state_.held, kHow);
      if (n <= 0) return stop(n < 0 && is_momentary(errno) ? Stop::kSinkFull : Stop::kSinkBroken);
      state_.held -= static_cast<std::size_t>(n);
      moved.out += static_cast<std::size_t>(n);
    }
    if (state_.source_ended) return stop(Stop::kSourceEnded);
    if (dry) return stop(Stop::kSourceDry);
  }
  return moved;
}

}  // namespace lb
