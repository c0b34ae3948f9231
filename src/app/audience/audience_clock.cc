// AudienceService: a wall clock that may be wrong, and that is set while listeners are connected.
#include <algorithm>
#include <utility>

#include "app/audience/audience_service.h"
#include "app/services/runtime.h"
#include "base/file_stamp.h"

namespace lb {

// A run without a note has written its files until it ended.
void AudienceService::trust_clock(const std::string& state) {
  clock_trust_.begin(state + "/audience.clock", [&]() -> std::optional<WallTime> {
    std::int64_t written_ns = 0;
    for (const std::string& path :
         {database_path_, database_path_ + "-wal", state + "/audience.journal"})
      written_ns = std::max(written_ns, FileStamp::of_file(path).modified_ns);
    if (written_ns == 0) return std::nullopt;
    return wall_time(written_ns / 1'000'000'000);
  });
}

void AudienceService::note_clocks() {
  const auto steady = runtime_.clock.steady().time_since_epoch();
  const std::int64_t set_ms = journal_->clocks(
      now_ms(), std::chrono::duration_cast<std::chrono::milliseconds>(steady).count());
  if (set_ms != 0) send_shift(set_ms);
}

void AudienceService::send_shift(std::int64_t set_ms) {
  database_thread_.loop().post(
      [this, set_ms, epoch = journal_->epoch(), shifted = journal_->shifted()]() mutable {
        const std::int64_t before_ms = shift_ ? shift_->set_ms : 0;
        shift_ = Shift{std::move(epoch), std::move(shifted), before_ms + set_ms};
        if (open_database()) static_cast<void>(shift_starts());
      });
}

// On the database's thread.  REQUIRES: open_database()
Result<void> AudienceService::shift_starts() {
  if (!shift_) return {};
  auto done = merge_->clock_set(node_, shift_->epoch, shift_->shifted, shift_->set_ms);
  if (done) shift_.reset();
  return done;
}

}  // namespace lb
