#include "audience/fortnights.h"

#include <bit>
#include <map>
#include <string>
#include <utility>

#include "audience/day_sums.h"
#include "base/cat.h"

namespace lb {
namespace {

constexpr std::size_t kMarkBytes = kFortnightQuarters / 8;
constexpr std::int64_t kDueAtOnce = 100;
using FortnightField = std::array<std::int64_t, kFortnightQuarters>;

// The length of the greatest number, all lowest bytes, then all second bytes, and so on.
void put_field(std::string& bytes, const FortnightField& field, std::size_t count) {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < count; ++i) all |= static_cast<std::uint64_t>(field[i]);
  const unsigned length = (static_cast<unsigned>(std::bit_width(all)) + 7) / 8;
  bytes += static_cast<char>(length);
  for (unsigned shift = 0; shift < 8 * length; shift += 8)
    for (std::size_t i = 0; i < count; ++i)
      bytes += static_cast<char>(static_cast<std::uint64_t>(field[i]) >> shift & 0xff);
}

void read_field(std::string_view& bytes, std::size_t count, std::int64_t* field) {
  std::fill_n(field, count, 0);
  if (bytes.empty()) return;
  const unsigned length = std::min<unsigned>(static_cast<unsigned char>(bytes.front()), 8);
  bytes.remove_prefix(1);
  for (unsigned shift = 0; shift < 8 * length && bytes.size() >= count; shift += 8) {
    for (std::size_t i = 0; i < count; ++i)
      field[i] |=
          static_cast<std::int64_t>(std::uint64_t{static_cast<unsigned char>(bytes[i])} << shift);
    bytes.remove_prefix(count);
  }
}

// Seven bits a byte, the lowest first; the highest bit: more follow.
void put_packed(std::string& bytes, std::int64_t value) {
  auto left = static_cast<std::uint64_t>(value);
  for (; left >= 0x80; left >>= 7) bytes += static_cast<char>((left & 0x7f) | 0x80);
  bytes += static_cast<char>(left);
}

void put_packed_text(std::string& bytes, std::string_view text) {
  put_packed(bytes, static_cast<std::int64_t>(text.size()));
  bytes += text;
}

void put_packed_split(std::string& bytes, const PackedSplit& sum) {
  for (const std::int64_t number : {sum.ms, sum.bytes, sum.sessions}) put_packed(bytes, number);
}

// Packs the fortnights of one transaction.
class FortnightPacker {
 public:
  explicit FortnightPacker(Sqlite& database)
      : slots_(database.prepare("SELECT at, ms, bytes, sessions, 0 FROM slot WHERE mount=?1 AND "
                                "at>=?2 AND at<?3 UNION ALL SELECT at, 0, 0, 0, n FROM slot_short "
                                "WHERE mount=?1 AND at>=?2 AND at<?3 ORDER BY 1")),
        splits_(database.prepare("SELECT hour, country, player, ms, bytes, sessions FROM split "
                                 "WHERE mount=? AND hour>=? AND hour<?")),
        put_(database.prepare("INSERT OR REPLACE INTO fortnight VALUES(?,?,?,?,?,?,CAST(? AS "
                              "BLOB),CAST(? AS BLOB))")),
        put_split_(database.prepare("INSERT OR REPLACE INTO fortnight_split VALUES(?,?,CAST(? AS "
                                    "BLOB),CAST(? AS BLOB),CAST(? AS BLOB))")),
        done_(database.prepare("DELETE FROM fortnight_due WHERE mount=? AND number=?")) {}

  void pack(std::int64_t mount, std::int64_t number) {
    if (mount != kAllMounts) pack_slots(mount, number);
    pack_splits(mount, number);
    done_.run(mount, number);
  }
  std::int64_t rows() const noexcept { return rows_; }

 private:
  struct Country {
    PackedSplit sum;
    std::map<std::int64_t, std::int64_t> hours;
  };

  void pack_slots(std::int64_t mount, std::int64_t number) {
    const std::int64_t first = number * kFortnightQuarters;
    std::string quarters(kMarkBytes, 0), rest;
    quarters_.count = 0;
    std::int64_t sums[4] = {};
    FortnightField* const fields[] = {&quarters_.ms, &quarters_.bytes, &quarters_.sessions,
                                      &quarters_.shorts};
    slots_.bind(mount, first, first + kFortnightQuarters);
    for (; slots_.step(); ++rows_) {
      const auto at = static_cast<std::uint16_t>(slots_.number(0) - first);
      std::size_t& count = quarters_.count;
      if (count == 0 || quarters_.at[count - 1] != at) {
        quarters_.at[count] = at;
        for (FortnightField* field : fields) (*field)[count] = 0;
        quarters[at / 8] =
            static_cast<char>(static_cast<unsigned char>(quarters[at / 8]) | 1U << at % 8);
        ++count;
      }
      for (int i = 0; i < 4; ++i) {
        (*fields[i])[count - 1] += slots_.number(i + 1);
        sums[i] += slots_.number(i + 1);
      }
    }
    put_field(quarters, quarters_.ms, quarters_.count);
    for (int i = 1; i < 4; ++i) put_field(rest, *fields[i], quarters_.count);
    put_.run(mount, number, sums[0], sums[1], sums[2], sums[3], quarters, rest);
  }

  void pack_splits(std::int64_t mount, std::int64_t number) {
    const std::int64_t first = number * kFortnightHours;
    std::map<std::string, Country, std::less<>> of_country;
    std::map<std::int64_t, PackedSplit> of_player;
    splits_.bind(mount, first, first + kFortnightHours);
    for (; splits_.step(); ++rows_) {
      const std::string_view name = splits_.text(1);
      auto country = of_country.find(name);
      if (country == of_country.end()) country = of_country.try_emplace(std::string(name)).first;
      for (PackedSplit* sum : {&country->second.sum, &of_player[splits_.number(2)]}) {
        sum->ms += splits_.number(3);
        sum->bytes += splits_.number(4);
        sum->sessions += splits_.number(5);
      }
      country->second.hours[splits_.number(0) - first] += splits_.number(3);
    }
    std::string countries, players, hours;
    for (const auto& [name, country] : of_country) {
      put_packed_text(countries, name);
      put_packed_split(countries, country.sum);
      put_packed_text(hours, name);
      put_packed(hours, static_cast<std::int64_t>(country.hours.size()));
      for (std::int64_t next = 0; const auto& [hour, ms] : country.hours) {
        put_packed(hours, hour - next);
        put_packed(hours, ms);
        next = hour + 1;
      }
    }
    for (const auto& [player, sum] : of_player) {
      put_packed(players, player);
      put_packed_split(players, sum);
    }
    put_split_.run(mount, number, countries, players, hours);
  }

  Statement slots_, splits_, put_, put_split_, done_;
  std::int64_t rows_ = 0;
  FortnightQuarters quarters_;
};

bool list_fortnights(Sqlite& database) {
  for (const std::string_view mount : {"mount", "0"})
    database
        .prepare(cat({"INSERT OR IGNORE INTO fortnight_due SELECT DISTINCT ", mount,
                      ", day/14 FROM slot_day WHERE mount IN (SELECT mount FROM "
                      "fortnight_unlisted ORDER BY mount LIMIT ?)"}))
        .run(kListedMounts);
  database
      .prepare(
          "DELETE FROM fortnight_unlisted WHERE mount IN (SELECT mount FROM fortnight_unlisted "
          "ORDER BY mount LIMIT ?)")
      .run(kListedMounts);
  return database.changes() > 0;
}

}  // namespace

const char* const kFortnightTables = R"(
BEGIN IMMEDIATE;
CREATE TABLE fortnight(mount INTEGER NOT NULL, number INTEGER NOT NULL, ms INTEGER NOT NULL, bytes INTEGER NOT NULL,
  sessions INTEGER NOT NULL, shorts INTEGER NOT NULL, quarters BLOB NOT NULL, rest BLOB NOT NULL,
  PRIMARY KEY(mount, number)) WITHOUT ROWID;
CREATE TABLE fortnight_split(mount INTEGER NOT NULL, number INTEGER NOT NULL, countries BLOB NOT NULL,
  players BLOB NOT NULL, hours BLOB NOT NULL, PRIMARY KEY(mount, number)) WITHOUT ROWID;
CREATE TABLE fortnight_due(mount INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY(mount, number)) WITHOUT ROWID;
CREATE TABLE fortnight_unlisted(mount INTEGER PRIMARY KEY);
INSERT INTO fortnight_unlisted SELECT id FROM mount;
CREATE TRIGGER fortnight_changed AFTER INSERT ON slot_unrested
  BEGIN
    INSERT INTO fortnight_due VALUES(NEW.mount, NEW.day/14) ON CONFLICT DO NOTHING;
    INSERT INTO fortnight_due VALUES(0, NEW.day/14) ON CONFLICT DO NOTHING;
  END;
COMMIT;
)";
static_assert(kFortnightDays == 14 && kAllMounts == 0);

bool pack_fortnights(Sqlite& database, std::int64_t before_day) {
  if (list_fortnights(database)) return true;
  std::vector<std::pair<std::int64_t, std::int64_t>> due;
  Statement asked =
      database.prepare("SELECT mount, number FROM fortnight_due WHERE number<? LIMIT ?");
  asked.bind(before_day / kFortnightDays, kDueAtOnce);
  while (asked.step()) due.emplace_back(asked.number(0), asked.number(1));
  FortnightPacker packer(database);
  for (const auto& [mount, number] : due) {
    if (packer.rows() >= kFortnightRows) return true;
    packer.pack(mount, number);
  }
  return due.size() == kDueAtOnce;
}

void FortnightQuarters::read_ms(std::string_view quarters) {
  count = 0;
  if (quarters.size() < kMarkBytes) return;
  for (std::size_t i = 0; i < kMarkBytes; ++i)
    for (unsigned bits = static_cast<unsigned char>(quarters[i]); bits != 0; bits &= bits - 1)
      at[count++] =
          static_cast<std::uint16_t>(8 * i + static_cast<unsigned>(std::countr_zero(bits)));
  quarters.remove_prefix(kMarkBytes);
  read_field(quarters, count, ms.data());
}

void FortnightQuarters::read_rest(std::string_view rest) {
  for (auto* field : {&bytes, &sessions, &shorts}) read_field(rest, count, field->data());
}

std::int64_t take_packed(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; !bytes.empty() && shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) break;
  }
  return static_cast<std::int64_t>(value);
}

std::string_view take_packed_text(std::string_view& bytes) {
  const auto length = static_cast<std::size_t>(take_packed(bytes));
  const std::string_view text = bytes.substr(0, length);
  bytes.remove_prefix(text.size());
  return text;
}

PackedSplit take_packed_split(std::string_view& bytes) {
  PackedSplit sum;
  for (std::int64_t* number : {&sum.ms, &sum.bytes, &sum.sessions}) *number = take_packed(bytes);
  return sum;
}

void add_packed_hours(std::string_view& bytes, int sign, std::int64_t* hours) {
  std::int64_t hour = 0;
  for (std::int64_t left = take_packed(bytes); left > 0 && !bytes.empty(); --left, ++hour) {
    hour += take_packed(bytes);
    const std::int64_t ms = take_packed(bytes);
    if (hour >= 0 && hour < kFortnightHours) hours[hour] += sign * ms;
  }
}

FortnightReader::FortnightReader(Sqlite& database, std::string_view columns, std::string_view table)
    : is_there_(has_table(database, "fortnight_due")) {
  if (!is_there_) return;
  rows_ = database.prepare(cat(
      {"SELECT number, ", columns, " FROM ", table, " WHERE mount=? AND number>=? AND number<?"}));
  due_ =
      database.prepare("SELECT number FROM fortnight_due WHERE mount=? AND number>=? AND number<?");
}

void FortnightReader::list_due(std::int64_t mount, std::int64_t first, std::int64_t last) {
  listed_.clear();
  due_.bind(mount, first, last);
  while (due_.step()) listed_.push_back(due_.number(0));
}

}  // namespace lb
