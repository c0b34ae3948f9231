#include "audience/day_sums.h"

#include <bit>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace lb {
namespace {

// Days that ended more recently than this still change.
constexpr std::int64_t kDaysOpen = 1;

using Numbers = std::array<std::int64_t, kQuartersOfDay>;

// All lowest bytes, then all second bytes, and so on, up to the length of the greatest number.
std::string packed(const Numbers& quarters) {
  std::string bytes;
  std::uint64_t all = 0;
  for (const std::int64_t ms : quarters) all |= static_cast<std::uint64_t>(ms);
  for (unsigned shift = 0; shift == 0 || (shift < 64 && all >> shift != 0); shift += 8)
    for (const std::int64_t ms : quarters)
      bytes += static_cast<char>(static_cast<std::uint64_t>(ms) >> shift & 0xff);
  return bytes;
}

Numbers unpacked(std::string_view bytes) {
  Numbers quarters{};
  for (unsigned shift = 0; bytes.size() >= kQuartersOfDay && shift < 64;
       bytes.remove_prefix(kQuartersOfDay), shift += 8) {
    std::array<unsigned char, kQuartersOfDay> plane;
    std::memcpy(plane.data(), bytes.data(), plane.size());
    for (std::size_t i = 0; i < kQuartersOfDay; ++i)
      quarters[i] |= static_cast<std::int64_t>(std::uint64_t{plane[i]} << shift);
  }
  return quarters;
}

void add_packed(std::string_view bytes, int sign, std::int64_t* sums) {
  const Numbers quarters = unpacked(bytes);
  if (sign > 0)
    for (std::size_t i = 0; i < kQuartersOfDay; ++i) sums[i] += quarters[i];
  else
    for (std::size_t i = 0; i < kQuartersOfDay; ++i) sums[i] -= quarters[i];
}

unsigned bytes_of(std::uint64_t number) noexcept {
  return (static_cast<unsigned>(std::bit_width(number)) + 7) / 8;
}

constexpr std::size_t kPresentBytes = kQuartersOfDay / 8;

// A bit for each quarter that has a number, and for each field: the length of its greatest number,
// and the bytes of these quarters' numbers as above.
std::string packed_rest(const std::array<Numbers, 3>& fields) {
  std::string bytes(kPresentBytes, 0);
  std::vector<std::size_t> present;
  for (std::size_t i = 0; i < kQuartersOfDay; ++i) {
    if (fields[0][i] == 0 && fields[1][i] == 0 && fields[2][i] == 0) continue;
    present.push_back(i);
    bytes[i / 8] = static_cast<char>(static_cast<unsigned char>(bytes[i / 8]) | 1U << i % 8);
  }
  for (const Numbers& field : fields) {
    std::uint64_t all = 0;
    for (const std::int64_t number : field) all |= static_cast<std::uint64_t>(number);
    bytes += static_cast<char>(bytes_of(all));
    for (unsigned shift = 0; shift < 8 * bytes_of(all); shift += 8)
      for (const std::size_t i : present)
        bytes += static_cast<char>(static_cast<std::uint64_t>(field[i]) >> shift & 0xff);
  }
  return bytes;
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

bool list_days(Sqlite& database) {
  database
      .prepare(
          "INSERT OR IGNORE INTO slot_unrested SELECT mount, day FROM slot_day WHERE mount IN "
          "(SELECT mount FROM slot_restless ORDER BY mount LIMIT ?)")
      .run(kListedMounts);
  database
      .prepare(
          "DELETE FROM slot_restless WHERE mount IN (SELECT mount FROM slot_restless ORDER BY "
          "mount LIMIT ?)")
      .run(kListedMounts);
  return database.changes() > 0;
}

// Days without sums of the rest include those whose milliseconds are not packed.
bool pack_days(Sqlite& database, std::int64_t before) {
  std::vector<std::pair<std::int64_t, std::int64_t>> due;
  Statement asked = database.prepare("SELECT mount, day FROM slot_unrested WHERE day<? LIMIT ?");
  asked.bind(before, kPackedDays);
  while (asked.step()) due.emplace_back(asked.number(0), asked.number(1));
  Statement slots = database.prepare(
                "SELECT at, ms, bytes, sessions FROM slot WHERE mount=? AND at>=? AND at<?"),
            shorts =
                database.prepare("SELECT at, n FROM slot_short WHERE mount=? AND at>=? AND at<?"),
            put = database.prepare(
                "INSERT OR REPLACE INTO slot_packed VALUES(?, ?, CAST(? AS BLOB))"),
            put_rest =
                database.prepare("INSERT OR REPLACE INTO slot_rest VALUES(?, ?, CAST(? AS BLOB))"),
            gone = database.prepare("DELETE FROM slot_unpacked WHERE mount=? AND day=?"),
            gone_rest = database.prepare("DELETE FROM slot_unrested WHERE mount=? AND day=?");
  for (const auto& [mount, day] : due) {
    const std::int64_t first = day * kQuartersOfDay, last = first + kQuartersOfDay;
    Numbers ms{};
    std::array<Numbers, 3> rest{};
    slots.bind(mount, first, last);
    while (slots.step()) {
      const auto at = static_cast<std::size_t>(slots.number(0) - first);
      ms[at] = slots.number(1);
      rest[0][at] = slots.number(2);
      rest[1][at] = slots.number(3);
    }
    shorts.bind(mount, first, last);
    while (shorts.step())
      rest[2][static_cast<std::size_t>(shorts.number(0) - first)] = shorts.number(1);
    put.run(mount, day, packed(ms));
    put_rest.run(mount, day, packed_rest(rest));
    gone.run(mount, day);
    gone_rest.run(mount, day);
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

const char* const kRestTables = R"(
BEGIN IMMEDIATE;
CREATE TABLE slot_rest(mount INTEGER NOT NULL, day INTEGER NOT NULL, quarters BLOB NOT NULL,
  PRIMARY KEY(mount, day)) WITHOUT ROWID;
CREATE TABLE slot_unrested(mount INTEGER NOT NULL, day INTEGER NOT NULL, PRIMARY KEY(mount, day)) WITHOUT ROWID;
CREATE TABLE slot_restless(mount INTEGER PRIMARY KEY);
INSERT INTO slot_restless SELECT id FROM mount;
CREATE TRIGGER slot_day_changed AFTER INSERT ON slot_unpacked
  BEGIN INSERT INTO slot_unrested VALUES(NEW.mount, NEW.day) ON CONFLICT DO NOTHING; END;
CREATE TRIGGER slot_short_noted AFTER INSERT ON slot_short WHEN NEW.mount<>0
  BEGIN INSERT INTO slot_unrested VALUES(NEW.mount, NEW.at/96) ON CONFLICT DO NOTHING; END;
CREATE TRIGGER slot_short_changed AFTER UPDATE ON slot_short WHEN NEW.mount<>0
  BEGIN INSERT INTO slot_unrested VALUES(NEW.mount, NEW.at/96) ON CONFLICT DO NOTHING; END;
COMMIT;
)";
static_assert(kQuartersOfDay == 96 && kAllMounts == 0);

Result<bool> sum_days(Sqlite& database, std::int64_t now_ms) {
  return in_transaction(database, [&] {
    Statement next = database.prepare("SELECT mount FROM slot_unsummed LIMIT 1");
    if (!next.step()) {
      const std::int64_t before = now_ms / kDayMs - kDaysOpen;
      return list_days(database) || pack_days(database, before) ||
             pack_fortnights(database, before);
    }
    const std::int64_t mount = next.number(0);
    next.reset();
    sum_mount(database, mount);
    return true;
  });
}

SlotReader::SlotReader(Sqlite& database)
    : slots_(database.prepare(
          "SELECT at, ms, bytes, sessions FROM slot WHERE mount=? AND at>=? AND at<?")),
      fortnights_(database, "ms, bytes, sessions, shorts, quarters, rest", "fortnight") {
  if (has_table(database, "slot_short"))
    shorts_ = database.prepare("SELECT at, n FROM slot_short WHERE mount=? AND at>=? AND at<?");
  if (!has_table(database, "slot_unsummed")) return;
  has_days_ = database.prepare("SELECT EXISTS(SELECT 1 FROM slot_unsummed)").first_number() == 0;
  days_ = database.prepare(
      "SELECT day, ms, bytes, sessions, shorts FROM slot_day WHERE mount=? AND day>=? AND day<?");
  packed_ =
      database.prepare("SELECT day, quarters FROM slot_packed WHERE mount=? AND day>=? AND day<?");
  unpacked_ = database.prepare("SELECT day FROM slot_unpacked WHERE mount=? AND day>=? AND day<?");
  if (!has_table(database, "slot_restless")) return;
  has_rest_ = has_days_ &&
              database.prepare("SELECT EXISTS(SELECT 1 FROM slot_restless)").first_number() == 0;
  rest_ =
      database.prepare("SELECT day, quarters FROM slot_rest WHERE mount=? AND day>=? AND day<?");
  unrested_ = database.prepare("SELECT day FROM slot_unrested WHERE mount=? AND day>=? AND day<?");
}

std::vector<std::int64_t> SlotReader::days_of(Statement& asked, std::int64_t mount,
                                              std::int64_t first, std::int64_t last) {
  std::vector<std::int64_t> days;
  asked.bind(mount, first, last);
  while (asked.step()) days.push_back(asked.number(0));
  return days;
}

bool SlotReader::to_packed(std::int64_t day) {
  while (packed_day_ < day)
    packed_day_ = packed_.step() ? packed_.number(0) : std::numeric_limits<std::int64_t>::max();
  return packed_day_ == day;
}

void SlotReader::unpack(std::int64_t first, std::int64_t last) {
  const auto from = static_cast<std::size_t>(first), to = static_cast<std::size_t>(last);
  const auto number_at = [](std::string_view bytes, std::size_t at, unsigned shift) {
    return static_cast<std::int64_t>(std::uint64_t{static_cast<unsigned char>(bytes[at])} << shift);
  };
  const Numbers ms = unpacked(packed_.blob(1));
  for (std::size_t i = from; i < to; ++i) day_[i] = {ms[i]};
  std::string_view bytes = rest_.blob(1);
  if (bytes.size() < kPresentBytes) return;
  std::array<std::size_t, kQuartersOfDay> present{};
  std::size_t count = 0, before = 0, wanted = 0;
  for (std::size_t i = 0; i < kQuartersOfDay; ++i) {
    if ((static_cast<unsigned char>(bytes[i / 8]) >> i % 8 & 1) == 0) continue;
    ++count;
    if (i < from) ++before;
    if (i >= from && i < to) present[wanted++] = i;
  }
  bytes.remove_prefix(kPresentBytes);
  for (std::int64_t AudienceSum::*field :
       {&AudienceSum::bytes, &AudienceSum::sessions, &AudienceSum::shorts}) {
    if (bytes.empty()) return;
    const unsigned length = std::min<unsigned>(static_cast<unsigned char>(bytes.front()), 8);
    bytes.remove_prefix(1);
    for (unsigned shift = 0; shift < 8 * length && bytes.size() >= count; shift += 8) {
      for (std::size_t i = 0; i < wanted; ++i)
        day_[present[i]].*field += number_at(bytes, before + i, shift);
      bytes.remove_prefix(count);
    }
  }
}

void SlotReader::add_fortnight_ms(const Statement& row, int sign, std::int64_t* heard) {
  quarters_.read_ms(row.blob(5));
  for (std::size_t i = 0; i < quarters_.count; ++i)
    heard[quarters_.at[i]] += sign * quarters_.ms[i];
}

void SlotReader::add_ms(std::int64_t mount, int sign, std::int64_t first,
                        std::vector<std::int64_t>& sums) {
  each_fortnight(
      mount, first, first + static_cast<std::int64_t>(sums.size()),
      [&](std::int64_t quarter, const Statement& row) {
        add_fortnight_ms(row, sign, &sums[static_cast<std::size_t>(quarter - first)]);
      },
      [&](std::int64_t from, std::int64_t to) { add_days_ms(mount, sign, from, to, first, sums); });
}

void SlotReader::add_days_ms(std::int64_t mount, int sign, std::int64_t begin, std::int64_t end,
                             std::int64_t first, std::vector<std::int64_t>& sums) {
  const auto of = [&](std::int64_t quarter) {
    return &sums[static_cast<std::size_t>(quarter - first)];
  };
  const auto by_quarters = [&](std::int64_t from, std::int64_t to) {
    if (from >= to) return;
    slots_.bind(mount, from, to);
    while (slots_.step()) *of(slots_.number(0)) += sign * slots_.number(1);
  };
  const std::int64_t first_day = (begin + kQuartersOfDay - 1) / kQuartersOfDay,
                     last_day = end / kQuartersOfDay;
  if (!has_days(mount) || first_day >= last_day) return by_quarters(begin, end);
  by_quarters(begin, first_day * kQuartersOfDay);
  by_quarters(last_day * kQuartersOfDay, end);
  const auto unpacked = days_of(unpacked_, mount, first_day, last_day);
  for (const std::int64_t day : unpacked)
    by_quarters(day * kQuartersOfDay, (day + 1) * kQuartersOfDay);
  packed_.bind(mount, first_day, last_day);
  while (packed_.step())
    if (const std::int64_t day = packed_.number(0);
        !std::binary_search(unpacked.begin(), unpacked.end(), day))
      add_packed(packed_.blob(1), sign, of(day * kQuartersOfDay));
}

}  // namespace lb
