#include "base/clock.h"

namespace lb {
namespace {

class SystemClock final : public Clock {
 public:
  SteadyTime steady() const noexcept override { return std::chrono::steady_clock::now(); }
  WallTime wall() const noexcept override { return std::chrono::system_clock::now(); }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock kClock;
  return kClock;
}

}  // namespace lb
