#include "app/services/title_events.h"

#include <algorithm>

#include "base/clock.h"

namespace lb {

void TitleEvents::titled(const std::string& mount, std::string song,
                         std::optional<std::int64_t> since_ms) {
  const std::int64_t now_ms = unix_ms(loop_.clock().wall());
  const std::chrono::milliseconds ahead(since_ms.value_or(now_ms) - now_ms);
  Row& row = rows_[mount];
  row.song = std::move(song);
  row.since_ms = since_ms.value_or(now_ms);
  row.waits = true;
  row.due = loop_.now();
  if (ahead.count() > 0 && ahead <= kFurthest) row.due += ahead;
  if (row.told != SteadyTime{}) row.due = std::max(row.due, row.told + kBetween);
  work();
}

void TitleEvents::work() {
  const SteadyTime now = loop_.now();
  std::optional<SteadyTime> next;
  for (auto at = rows_.begin(); at != rows_.end();) {
    Row& row = at->second;
    if (row.waits && row.due <= now) {
      row.waits = false;
      row.told = now;
      publish_(at->first, row.song, row.since_ms);
    }
    const SteadyTime then = row.waits ? row.due : row.told + kBetween;
    if (!row.waits && then <= now) {
      at = rows_.erase(at);
      continue;
    }
    next = next ? std::min(*next, then) : then;
    ++at;
  }
  if (next) timer_.after(std::max<SteadyTime::duration>(*next - now, std::chrono::milliseconds(1)));
}

}  // namespace lb
