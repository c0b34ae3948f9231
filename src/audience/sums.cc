#include "audience/sums.h"

#include <algorithm>

namespace lb {

AudienceSums::AudienceSums(Sqlite& database)
    : put_slot_(database.prepare(
          "INSERT INTO slot VALUES(?,?,?,?,?) ON CONFLICT(mount, at) DO UPDATE SET "
          "ms = ms + excluded.ms, bytes = bytes + excluded.bytes, "
          "sessions = sessions + excluded.sessions")),
      put_split_(database.prepare(
          "INSERT INTO split VALUES(?,?,?,?,?,?,?) ON CONFLICT(mount, hour, country, player) DO "
          "UPDATE SET ms = ms + excluded.ms, bytes = bytes + excluded.bytes, "
          "sessions = sessions + excluded.sessions")),
      put_day_(database.prepare(
          "INSERT INTO split_day VALUES(?,?,?,?,?,?,?) ON CONFLICT(mount, day, country, player) DO "
          "UPDATE SET ms = ms + excluded.ms, bytes = bytes + excluded.bytes, "
          "sessions = sessions + excluded.sessions")) {}

void AudienceSums::heard(const Of& of, std::int64_t began, std::int64_t ended, std::int64_t bytes) {
  const std::int64_t whole = std::max<std::int64_t>(ended - began, 0);
  std::int64_t at = began, given = 0;
  const Of all = of_all(of);
  do {
    const std::int64_t quarter = at / kQuarterMs;
    const std::int64_t until = std::min(ended, (quarter + 1) * kQuarterMs);
    const std::int64_t part = std::max<std::int64_t>(until - at, 0);
    // The product may exceed 64 bits, so it is computed in doubles.
    const std::int64_t upto =
        until >= ended ? bytes
                       : static_cast<std::int64_t>(
                             static_cast<double>(bytes) *
                             (static_cast<double>(until - began) / static_cast<double>(whole)));
    for (Sum* sum : {&slot_of(of, quarter), &split_of(of, at / kHourMs), &slot_of(all, quarter),
                     &split_of(all, at / kHourMs)}) {
      sum->ms += part;
      sum->bytes += upto - given;
    }
    given = upto;
    at = until;
  } while (at < ended);
  if (slots_.size() + splits_.size() >= kMaxKept) write();
}

void AudienceSums::sessions(const Of& of, std::int64_t began, std::int64_t count) {
  for (const Of& one : {of, of_all(of)}) {
    slot_of(one, began / kQuarterMs).sessions += count;
    split_of(one, began / kHourMs).sessions += count;
  }
}

void AudienceSums::write() {
  for (const auto& [key, sum] : slots_)
    put_slot_.run(key.first, key.second, sum.ms, sum.bytes, sum.sessions);
  const auto put = [](Statement& into, const Splits& sums) {
    for (const auto& [key, sum] : sums) {
      const auto& [mount, at, country, player] = key;
      into.run(mount, at, country, player, sum.ms, sum.bytes, sum.sessions);
    }
  };
  Splits days;
  for (const auto& [key, sum] : splits_) {
    const auto& [mount, hour, country, player] = key;
    Sum& day = days[{mount, hour / 24, country, player}];
    day.ms += sum.ms;
    day.bytes += sum.bytes;
    day.sessions += sum.sessions;
  }
  put(put_split_, splits_);
  put(put_day_, days);
  forget();
}

void AudienceSums::forget() {
  slots_.clear();
  splits_.clear();
}

MountRates::MountRates(Sqlite& database)
    : is_kept_(has_table(database, "mount_rate")),
      summed_(
          database.prepare("SELECT SUM(bytes)*1000/SUM(ms) FROM (SELECT bytes, ms FROM slot WHERE "
                           "mount=? AND ms>0 AND bytes>0 ORDER BY at DESC LIMIT 8)")) {
  if (!is_kept_) return;
  find_ = database.prepare("SELECT rate FROM mount_rate WHERE mount=?");
  // A rate that only drifts is not written each time.
  put_ = database.prepare(
      "INSERT INTO mount_rate VALUES(?,?) ON CONFLICT(mount) DO UPDATE SET rate=excluded.rate "
      "WHERE ABS(rate-excluded.rate)*50>excluded.rate");
}

std::int64_t MountRates::rate_of(std::int64_t mount) {
  std::int64_t rate = is_kept_ ? find_.first_number(mount) : 0;
  if (rate == 0) rate = summed_.first_number(mount);
  return std::clamp<std::int64_t>(rate, 0, kMaxRate);
}

void MountRates::put(std::int64_t mount, std::int64_t rate) {
  if (is_kept_) put_.run(mount, std::min(rate, kMaxRate));
}

}  // namespace lb
