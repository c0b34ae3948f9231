// BanSweep: removes expired bans from the store, and so from the nodes that got them.
//
// A ban expires to the second by itself; its record is removed kKept later, so that lists show for
// a while that it has expired.  If several servers share a store, one removes the record and the
// others' writes conflict, without a retry.
// Thread: control.
// Ownership: RecordService.
// Bounds: kMaxAtOnce records a write; it does nothing between two checks.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "registry/store_writer.h"

namespace lb {

class RecordBook;
struct Runtime;

// What the clock says of a ban's end.  A wrong one may not remove the bans of all servers: neither
// one that was set, nor that of a start, so what had ended before it waits for kRest.
class BanClock {
 public:
  static constexpr auto kRest = ClockTrust::kRest;

  explicit BanClock(const Clock& clock)
      : clock_(clock), trust_(clock), began_wall_(clock.wall()), began_(clock.steady()) {}

  bool is_over(std::int64_t until);

 private:
  const Clock& clock_;
  ClockTrust trust_;
  const WallTime began_wall_;
  const SteadyTime began_;
};

class BanSweep {
 public:
  static constexpr std::chrono::seconds kKept{10}, kRetry{5};
  static constexpr std::size_t kMaxAtOnce = 32;

  explicit BanSweep(Runtime& runtime);
  // The store has been loaded; it must outlive this object.
  void begin(Registry& registry) { writer_.begin(registry); }
  // Takes the present records.
  void follow(std::shared_ptr<const RecordBook> book);
  void stop() { writer_.stop(); }

 private:
  RegistryWrite sweep();

  Runtime& runtime_;
  std::shared_ptr<const RecordBook> book_;
  BanClock clock_;
  StoreWriter writer_;
};

}  // namespace lb
