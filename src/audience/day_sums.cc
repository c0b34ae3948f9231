#include "audience/day_sums.h"

#include <algorithm>
#include <array>
#include <utility>

namespace lb {
namespace {

// Days that ended more recently than this still change.
constexpr std::int64_t kDaysOpen = 1;

// All lowest bytes, then all second bytes, and so on, up to the length of the greatest number.
std::string packed(const std::array<std::int64_t, kQuartersOfDay>& quarters) {
  std::string bytes;
  std::uint64_t all = 0;
  for (const std::int64_t ms : quarters) all |= static_cast<std::uint64_t>(ms);
  for (unsigned shift = 0; shift == 0 || (shift < 64 && all >> shift != 0); shift += 8)
    for (const std::int64_t ms : quarters)
      bytes += static_cast<char>(static_cast<std::uint64_t>(ms) >> shift & 0xff);
  return bytes;
}

void add_packed(std::string_view bytes, int sign, std::int64_t* sums) {
  unsigned shift = 0;
  for (; bytes.size() >= kQuartersOfDay; bytes.remove_prefix(kQuartersOfDay), shift += 8)
    for (std::size_t i = 0; i < kQuartersOfDay; ++i)
      sums[i] += sign * static_cast<std::int64_t>(
                            std::uint64_t{static_cast<unsigned char>(bytes[i])} << shift);
}

void sum_mount(Sqlite& database, std::int64_t mount) {
  for (const std::string_view sql :
       {"INSERT OR REPLACE INTO slot_day SELECT mount, at/96 AS day, SUM(ms), SUM(bytes), "
        "SUM(sessions), 0 FROM slot WHERE mount=? GROUP BY day",
        "INSERT INTO slot_day SELECT mount, at/96 AS day, 0, 0, 0, SUM(n) FROM slot_short WHERE "
        "mount=? GROUP BY day ON CONFLICT(mount, day) DO UPDATE SET shorts=excluded.shorts",
        "INSERT OR IGNORE INTO slot_unpacked SELECT mount, day FROM slot_day WHERE mount=?",
        "DELETE FROM slot_unsummed WHERE mount=?"})
    database.prepare(sql).run(mount);
}

bool pack_days(Sqlite& database, std::int64_t before) {
  std::vector<std::pair<std::int64_t, std::int64_t>> due;
  Statement asked = database.prepare("SELECT mount, day FROM slot_unpacked WHERE day<? LIMIT ?");
  asked.bind(before, kPackedDays);
  while (asked.step()) due.emplace_back(asked.number(0), asked.number(1));
  Statement slots = database.prepare("SELECT at, ms FROM slot WHERE mount=? AND at>=? AND at<?"),
            put = database.prepare(
                "INSERT OR REPLACE INTO slot_packed VALUES(?, ?, CAST(? AS BLOB))"),
            gone = database.prepare("DELETE FROM slot_unpacked WHERE mount=? AND day=?");
  for (const auto& [mount, day] : due) {
    std::array<std::int64_t, kQuartersOfDay> quarters{};
    slots.bind(mount, day * kQuartersOfDay, (day + 1) * kQuartersOfDay);
    while (slots.step())
      quarters[static_cast<std::size_t>(slots.number(0) % kQuartersOfDay)] = slots.number(1);
    put.run(mount, day, packed(quarters));
    gone.run(mount, day);
  }
  return due.size() == kPackedDays;
}

}  // namespace

const char* const kDayTables = R"(
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS slot_day(mount INTEGER NOT NULL, day INTEGER NOT NULL, ms INTEGER NOT NULL,
  bytes INTEGER NOT NULL, sessions INTEGER NOT NULL, shorts INTEGER NOT NULL, PRIMARY KEY(mount, day)) WITHOUT ROWID;
CREATE TABLE slot_packed(mount INTEGER NOT NULL, day INTEGER NOT NULL, quarters BLOB NOT NULL,
  PRIMARY KEY(mount, day)) WITHOUT ROWID;
CREATE TABLE slot_unpacked(mount INTEGER NOT NULL, day INTEGER NOT NULL, PRIMARY KEY(mount, day)) WITHOUT ROWID;
CREATE TABLE slot_unsummed(mount INTEGER PRIMARY KEY);
INSERT INTO slot_unsummed SELECT id FROM mount;
DROP TRIGGER IF EXISTS slot_added;
DROP TRIGGER IF EXISTS slot_grew;
CREATE TRIGGER slot_added AFTER INSERT ON slot WHEN NEW.mount<>0
  BEGIN
    INSERT INTO slot_day VALUES(NEW.mount, NEW.at/96, NEW.ms, NEW.bytes, NEW.sessions, 0) ON CONFLICT(mount, day)
      DO UPDATE SET ms=ms+excluded.ms, bytes=bytes+excluded.bytes, sessions=sessions+excluded.sessions;
    INSERT INTO slot_unpacked VALUES(NEW.mount, NEW.at/96) ON CONFLICT DO NOTHING;
  END;
CREATE TRIGGER slot_grew AFTER UPDATE ON slot WHEN NEW.mount<>0
  BEGIN
    UPDATE slot_day SET ms=ms+NEW.ms-OLD.ms, bytes=bytes+NEW.bytes-OLD.bytes, sessions=sessions+NEW.sessions-OLD.sessions
      WHERE mount=NEW.mount AND day=NEW.at/96;
    INSERT INTO slot_unpacked VALUES(NEW.mount, NEW.at/96) ON CONFLICT DO NOTHING;
  END;
CREATE TRIGGER IF NOT EXISTS slot_short_added AFTER INSERT ON slot_short WHEN NEW.mount<>0
  BEGIN
    INSERT INTO slot_day VALUES(NEW.mount, NEW.at/96, 0, 0, 0, NEW.n)
      ON CONFLICT(mount, day) DO UPDATE SET shorts=shorts+excluded.shorts;
  END;
CREATE TRIGGER IF NOT EXISTS slot_short_grew AFTER UPDATE ON slot_short WHEN NEW.mount<>0
  BEGIN
    UPDATE slot_day SET shorts=shorts+NEW.n-OLD.n WHERE mount=NEW.mount AND day=NEW.at/96;
  END;
COMMIT;
)";
static_assert(kQuartersOfDay == 96 && kAllMounts == 0);

Result<bool> sum_days(Sqlite& database, std::int64_t now_ms) {
  return in_transaction(database, [&] {
    Statement next = database.prepare("SELECT mount FROM slot_unsummed LIMIT 1");
    if (!next.step()) return pack_days(database, now_ms / kDayMs - kDaysOpen);
    const std::int64_t mount = next.number(0);
    next.reset();
    sum_mount(database, mount);
    return true;
  });
}

SlotReader::SlotReader(Sqlite& database)
    : slots_(database.prepare(
          "SELECT at, ms, bytes, sessions FROM slot WHERE mount=? AND at>=? AND at<?")) {
  if (has_table(database, "slot_short"))
    shorts_ = database.prepare("SELECT at, n FROM slot_short WHERE mount=? AND at>=? AND at<?");
  if (!has_table(database, "slot_unsummed")) return;
  has_days_ = database.prepare("SELECT EXISTS(SELECT 1 FROM slot_unsummed)").first_number() == 0;
  days_ = database.prepare(
      "SELECT day, ms, bytes, sessions, shorts FROM slot_day WHERE mount=? AND day>=? AND day<?");
  packed_ =
      database.prepare("SELECT day, quarters FROM slot_packed WHERE mount=? AND day>=? AND day<?");
  unpacked_ = database.prepare("SELECT day FROM slot_unpacked WHERE mount=? AND day>=? AND day<?");
}

void SlotReader::add_ms(std::int64_t mount, int sign, std::int64_t first,
                        std::vector<std::int64_t>& sums) {
  const std::int64_t last = first + static_cast<std::int64_t>(sums.size());
  const auto of = [&](std::int64_t quarter) {
    return &sums[static_cast<std::size_t>(quarter - first)];
  };
  const auto by_quarters = [&](std::int64_t from, std::int64_t to) {
    slots_.bind(mount, from, to);
    while (slots_.step()) *of(slots_.number(0)) += sign * slots_.number(1);
  };
  const std::int64_t first_day = (first + kQuartersOfDay - 1) / kQuartersOfDay,
                     last_day = last / kQuartersOfDay;
  if (!has_days(mount) || first_day >= last_day) return by_quarters(first, last);
  by_quarters(first, first_day * kQuartersOfDay);
  by_quarters(last_day * kQuartersOfDay, last);
  std::vector<std::int64_t> unpacked;
  unpacked_.bind(mount, first_day, last_day);
  while (unpacked_.step()) unpacked.push_back(unpacked_.number(0));
  for (const std::int64_t day : unpacked)
    by_quarters(day * kQuartersOfDay, (day + 1) * kQuartersOfDay);
  packed_.bind(mount, first_day, last_day);
  while (packed_.step())
    if (const std::int64_t day = packed_.number(0);
        !std::binary_search(unpacked.begin(), unpacked.end(), day))
      add_packed(packed_.blob(1), sign, of(day * kQuartersOfDay));
}

}  // namespace lb
