// What becomes too old is deleted, as long as the clock can be trusted.
#include <algorithm>

#include "app/audience/audience_service.h"
#include "app/services/runtime.h"
#include "audience/day_sums.h"
#include "audience/song_sums.h"
#include "base/cat.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr std::string_view kUpkeepModule = "audience/journal";

}  // namespace

void AudienceService::load_keys() {
  if (const auto loaded = keys_->load(now_ms() / 1000); !loaded)
    runtime_.log.error(kUpkeepModule, loaded.error().what);
}

// Deletes files whose newest row is this old; less than 0: all files.
void AudienceService::delete_addresses(std::chrono::seconds keep) {
  if (addresses_path_.empty() || (keep.count() >= 0 && !trusts_clock())) return;
  const std::int64_t today = now_ms() / kDayMs;
  const std::int64_t kept = (keep.count() + 86'399) / 86'400;
  const std::size_t deleted = keep.count() < 0
                                  ? delete_sessions_before(addresses_path_, today + 36'500, today)
                                  : delete_sessions_before(addresses_path_, today - kept, today);
  if (deleted > 0)
    runtime_.log.info(kUpkeepModule, cat({addresses_path_, ": the addresses of ", deleted,
                                          " days have been deleted"}));
}

void AudienceService::upkeep() {
  if (settings_.keep_addresses.count() > 0) delete_addresses(settings_.keep_addresses);
  if (!open_database()) {
    upkeep_->after(kUpkeepPause);
    return;
  }
  static_cast<void>(shift_starts());
  AudienceKeeping keeping;
  keeping.sessions = keeping.titles =
      std::chrono::duration_cast<std::chrono::hours>(settings_.keep_sessions);
  keeping.trusts_clock = trusts_clock();
  keeping.late_ms = merge_->late_ms();
  const auto gone = merge_->end_gone(now_ms());
  const auto paused = merge_->pause_gone(now_ms());
  const auto pruned = prune_audience(*database_, keeping, now_ms());
  const auto counted = count_performances(*database_, now_ms());
  const auto summed = sum_songs_of_before(*database_);
  const auto days = sum_days(*database_, now_ms());
  journal_thread_.loop().post([this] { deliver(); });  // tomorrow's keys may be due
  const bool more = (gone && *gone) || (paused && *paused) || (pruned && *pruned) ||
                    (counted && *counted) || (summed && *summed) || (days && *days);
  // One slice a turn, so that rows and reports run in between.
  upkeep_->after(more ? std::chrono::milliseconds(kFlushPause)
                      : std::chrono::milliseconds(kUpkeepPause));
}

}  // namespace lb
