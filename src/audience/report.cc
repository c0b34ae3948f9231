#include "audience/report.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

#include "audience/fortnights.h"
#include "audience/merge.h"
#include "base/cat.h"

namespace lb {
namespace {

// The length of the overlap of [began, ended) and the range.
std::int64_t common_ms(const AudienceRange& range, std::int64_t began, std::int64_t ended) {
  return std::max<std::int64_t>(std::min(ended, range.to) - std::max(began, range.from), 0);
}

// Sums by country or player: whole fortnights, whole days, and hours for the rest.
class SplitSums {
 public:
  SplitSums(Sqlite& database, bool by_country, bool has_days)
      : by_country_(by_country),
        has_days_(has_days),
        fortnights_(database, by_country ? "countries" : "players", "fortnight_split"),
        hours_(database.prepare(sql("split", "hour"))),
        days_(database.prepare(sql("split_day", "day"))),
        players_(database.prepare("SELECT name FROM player WHERE id=?")) {}

  void add(std::int64_t mount, int sign, std::int64_t first_hour, std::int64_t last_hour) {
    fortnights_.each(
        mount, kFortnightHours, first_hour, last_hour,
        [&](std::int64_t, const Statement& row) { add_packed(row.blob(1), sign); },
        [&](std::int64_t first, std::int64_t last) {
          constexpr std::int64_t kHours = kDayMs / kHourMs;
          const std::int64_t first_day = (first + kHours - 1) / kHours, last_day = last / kHours;
          if (!has_days_ || first_day >= last_day)
            return add_rows(hours_, mount, sign, first, last);
          add_rows(hours_, mount, sign, first, first_day * kHours);
          add_rows(days_, mount, sign, first_day, last_day);
          add_rows(hours_, mount, sign, last_day * kHours, last);
        });
  }
  std::map<std::string, AudienceSum> take() {
    for (const auto& [player, sum] : of_player_) {
      if (players_.bind(player).step()) sums_[std::string(players_.text(0))] += sum;
      players_.reset();
    }
    return {std::make_move_iterator(sums_.begin()), std::make_move_iterator(sums_.end())};
  }

 private:
  std::string sql(std::string_view table, std::string_view at) const {
    return cat({by_country_ ? "SELECT country" : "SELECT player", ", ms, bytes, sessions FROM ",
                table, " WHERE mount=? AND ", at, ">=? AND ", at, "<?"});
  }
  AudienceSum& of_country(std::string_view country) {
    auto found = sums_.find(country);
    if (found == sums_.end()) found = sums_.try_emplace(std::string(country)).first;
    return found->second;
  }
  void add_packed(std::string_view bytes, int sign) {
    while (!bytes.empty()) {
      AudienceSum& sum =
          by_country_ ? of_country(take_packed_text(bytes)) : of_player_[take_packed(bytes)];
      const PackedSplit packed = take_packed_split(bytes);
      sum.add({packed.ms, packed.bytes, packed.sessions}, sign);
    }
  }
  // SQLite would sort the rows to group them, which takes longer than adding them up here.
  void add_rows(Statement& asked, std::int64_t mount, int sign, std::int64_t first,
                std::int64_t last) {
    if (first >= last) return;
    AudienceSum* sum = nullptr;
    std::string country;  // its rows are adjacent
    asked.bind(mount, first, last);
    while (asked.step()) {
      if (!by_country_) {
        sum = &of_player_[asked.number(0)];
      } else if (sum == nullptr || asked.text(0) != country) {
        country = asked.text(0);
        sum = &of_country(country);
      }
      sum->add({asked.number(1), asked.number(2), asked.number(3)}, sign);
    }
  }

  const bool by_country_, has_days_;
  FortnightReader fortnights_;
  Statement hours_, days_, players_;
  std::map<std::string, AudienceSum, std::less<>> sums_;
  std::unordered_map<std::int64_t, AudienceSum> of_player_;
};

// What a table keeps of each mount: a map of rows.
template <class Rows, class Value>
Rows kept_rows(Sqlite& database, const char* table, Value value) {
  Rows rows;
  if (!has_table(database, table)) return rows;
  Statement asked = database.prepare(cat({"SELECT * FROM ", table}));
  while (asked.step()) rows.insert(value(asked));
  return rows;
}
// The columns of a key.
std::tuple<std::int64_t> columns_of(std::int64_t mount) { return {mount}; }
const std::pair<std::int64_t, std::int64_t>& columns_of(
    const std::pair<std::int64_t, std::int64_t>& key) {
  return key;
}
// key: the condition for one row.
template <class Rows>
Result<void> keep_rows(Sqlite& database, const char* table, const char* key, const Rows& kept,
                       const Rows& rows) {
  if (kept == rows) return database.failed() ? sentence_of(database) : Result<void>();
  database.clear();
  const auto done = in_transaction(database, [&] {
    constexpr bool of_mount = std::is_same_v<typename Rows::key_type, std::int64_t>;
    Statement put = database.prepare(
                  cat({"INSERT OR REPLACE INTO ", table, " VALUES(?,?", of_mount ? ")" : ",?)"})),
              drop = database.prepare(cat({"DELETE FROM ", table, " WHERE ", key}));
    for (const auto& [at, value] : kept)
      if (!rows.contains(at))
        std::apply([&](const auto&... columns) { drop.run(columns...); }, columns_of(at));
    for (const auto& [at, value] : rows)
      if (const auto known = kept.find(at); known == kept.end() || known->second != value)
        std::apply([&, &value = value](const auto&... columns) { put.run(columns..., value); },
                   columns_of(at));
    return true;
  });
  return done ? Result<void>() : done.error();
}

}  // namespace

// In a transaction SQLite locks the file once instead of for each of the thousands of queries.
void AudienceReport::begin() {
  database_.clear();
  static_cast<void>(database_.run("BEGIN"));
  database_.limit_steps(kSteps);
}

std::optional<Error> AudienceReport::failure() {
  database_.limit_steps(0);
  std::optional<Error> failed;
  if (database_.failed())
    failed = database_.failure() == SQLITE_INTERRUPT
                 ? Error::timeout("the report takes too long; ask for less time, or for one mount")
                 : sentence_of(database_);
  static_cast<void>(database_.run("COMMIT"));
  return failed;
}

Result<AudienceReport::Mounts> AudienceReport::mounts() {
  begin();
  Mounts all;
  Statement asked = database_.prepare("SELECT id, name FROM mount");
  while (asked.step()) all.emplace(asked.number(0), asked.text(1));
  return given(std::move(all));
}

bool AudienceReport::was_heard_before(std::int64_t mount, std::int64_t ms) {
  begin();
  Statement asked = database_.prepare(
      "SELECT EXISTS(SELECT 1 FROM session WHERE mount=?1 AND began<?2) OR "
      "EXISTS(SELECT 1 FROM play WHERE mount=?1 AND began<?2) OR "
      "EXISTS(SELECT 1 FROM people WHERE mount=?1 AND day<?3)");
  const bool heard = asked.first_number(mount, ms, ms / kDayMs) != 0;
  return failure().has_value() || heard;
}

AudienceReport::Mounts AudienceReport::kept_accounts() {
  return kept_rows<Mounts>(database_, "mount_account", [](const Statement& row) {
    return Mounts::value_type{row.number(0), std::string(row.text(1))};
  });
}

Result<void> AudienceReport::keep_accounts(const Mounts& kept, const Mounts& accounts) {
  return keep_rows(database_, "mount_account", "mount=?", kept, accounts);
}

AudienceReport::Since AudienceReport::kept_since() {
  return kept_rows<Since>(database_, "mount_since", [](const Statement& row) {
    return Since::value_type{row.number(0), row.number(1)};
  });
}

Result<void> AudienceReport::keep_since(const Since& kept, const Since& since) {
  return keep_rows(database_, "mount_since", "mount=?", kept, since);
}

AudienceReport::Before AudienceReport::kept_before() {
  return kept_rows<Before>(database_, "mount_before", [](const Statement& row) {
    return Before::value_type{{row.number(0), row.number(1)}, std::string(row.text(2))};
  });
}

Result<void> AudienceReport::keep_before(const Before& kept, const Before& before) {
  return keep_rows(database_, "mount_before", "mount=? AND until=?", kept, before);
}

AudienceReport::Signs AudienceReport::summed(const Mounts& of) {
  Signs added;
  for (const auto& [mount, name] : of) added.emplace_back(mount, 1);
  if (of.size() < 2 || !are_summed(database_, "sums")) return added;
  Signs left{{kAllMounts, 1}};
  Statement others = database_.prepare("SELECT id FROM mount");
  while (others.step())
    if (!of.contains(others.number(0))) left.emplace_back(others.number(0), -1);
  return left.size() < added.size() ? left : added;
}

std::vector<AudienceReport::OpenRow> AudienceReport::open_now(const Mounts& of) {
  std::vector<OpenRow> rows;
  const auto at_of = [this](std::string_view table, std::string_view where) {
    if (!has_table(database_, table)) return std::string("?1");
    return cat({"COALESCE((SELECT at FROM ", table, " WHERE ", where, "), ?1)"});
  };
  // The start by the clock that `now` is by.
  const std::string shift =
      has_table(database_, "open_shift")
          ? "COALESCE((SELECT ms FROM open_shift WHERE journal=o.journal AND begun=o.begun), 0)"
          : "0";
  Statement asked = database_.prepare(cat(
      {"SELECT s.mount, o.began, s.began, s.heard, s.country, p.name, s.counted, MIN(",
       at_of("journal_seen", "journal=o.journal"), ", ", at_of("open_until", "session=o.session"),
       "), s.who, ", shift,
       ", s.id FROM open o JOIN session s ON s.id=o.session JOIN player p ON p.id=s.player WHERE "
       "s.kind=0"}));
  asked.bind(now_);
  MountRates rates(database_);
  std::unordered_map<std::int64_t, std::int64_t> rate_of;
  while (asked.step()) {
    OpenRow row;
    row.mount = asked.number(0);
    if (!of.contains(row.mount)) continue;
    row.shift = asked.number(9);
    row.began = asked.number(1) + row.shift;
    row.session_began = asked.number(2);
    row.heard = asked.number(3);
    row.country = asked.text(4);
    row.player = asked.text(5);
    row.counted = asked.number(6) != 0;
    const std::int64_t seen = asked.number(7);
    row.who = asked.number(8);
    row.session = asked.number(10);
    row.until = seen < now_ - kUnseenMs ? std::max(seen, row.began) : now_;
    if (!row.counted && row.heard + row.until - row.began < AudienceMerge::kShortest) continue;
    const auto [rate, is_new] = rate_of.try_emplace(row.mount);
    if (is_new) rate->second = rates.rate_of(row.mount);
    row.rate = rate->second;
    rows.push_back(std::move(row));
  }
  find_next(rows);
  return rows;
}

void AudienceReport::find_next(std::vector<OpenRow>& rows) {
  std::unordered_map<std::int64_t, const OpenRow*> open;
  for (const OpenRow& row : rows)
    if (row.until < now_) {
      for (const OpenRow& each : rows) open.emplace(each.session, &each);
      break;
    }
  if (open.empty()) return;
  // The last sign is late if the server was not missed at once.
  Statement asked = database_.prepare(
      "SELECT s.id, s.began, s.heard, s.counted FROM recent r JOIN session s ON s.id=r.session "
      "WHERE r.mount=? AND r.who=? AND r.session<>? AND r.began>? AND r.began>=? AND r.began<=? "
      "ORDER BY r.began");
  std::unordered_set<std::int64_t> taken;
  for (OpenRow& row : rows) {
    if (row.until == now_) continue;
    asked.bind(row.mount, row.who, row.session, row.session_began, row.until - kUnseenMs,
               row.until + kLongSessionMs);
    while (row.next_session == 0 && asked.step()) {
      const std::int64_t next = asked.number(0);
      const auto goes_on = open.find(next);
      const bool is_open = goes_on != open.end();
      if ((asked.number(3) == 0 && !is_open) || !taken.insert(next).second) continue;
      row.next_session = next;
      row.next_began = asked.number(1);
      row.next_heard = is_open ? goes_on->second->all_heard() : asked.number(2);
    }
    asked.reset();
  }
}

Result<std::map<std::string, std::vector<std::int64_t>>> AudienceReport::country_hours(
    const Mounts& of, AudienceRange range) {
  begin();
  range = whole_hours(range);
  const std::int64_t first = range.from / kHourMs, last = range.to / kHourMs;
  std::map<std::string, std::vector<std::int64_t>, std::less<>> heard;
  const auto at = [&](std::string_view country, std::int64_t hour) -> std::int64_t& {
    auto row = heard.find(country);
    if (row == heard.end())
      row = heard.try_emplace(std::string(country), static_cast<std::size_t>(last - first)).first;
    return row->second[static_cast<std::size_t>(hour - first)];
  };
  Statement asked =
      database_.prepare("SELECT hour, country, ms FROM split WHERE mount=? AND hour>=? AND hour<?");
  FortnightReader fortnights(database_, "hours", "fortnight_split");
  for (const auto& [of_mount, of_sign] : summed(of))
    fortnights.each(
        of_mount, kFortnightHours, first, last,
        [&, sign = of_sign](std::int64_t number, const Statement& row) {
          for (std::string_view bytes = row.blob(1); !bytes.empty();) {
            const std::string_view country = take_packed_text(bytes);
            add_packed_hours(bytes, sign, &at(country, number * kFortnightHours));
          }
        },
        [&, mount = of_mount, sign = of_sign](std::int64_t from, std::int64_t to) {
          asked.bind(mount, from, to);
          while (asked.step()) at(asked.text(1), asked.number(0)) += sign * asked.number(2);
        });
  for (const OpenRow& row : open_now(of))
    row.each_part(range, kHourMs, [&](std::int64_t hour, std::int64_t ms, std::int64_t) {
      at(row.country, hour) += ms;
    });
  return given(std::map<std::string, std::vector<std::int64_t>>(
      std::make_move_iterator(heard.begin()), std::make_move_iterator(heard.end())));
}

Result<std::map<std::string, AudienceSum>> AudienceReport::split(const Mounts& of,
                                                                 AudienceRange range, By by) {
  begin();
  range = whole_hours(range);
  const bool by_country = by == By::kCountry;
  SplitSums split(database_, by_country, are_summed(database_, "sums"));
  for (const auto& [mount, sign] : summed(of))
    split.add(mount, sign, range.from / kHourMs, range.to / kHourMs);
  auto sums = split.take();
  for (const OpenRow& row : open_now(of)) {
    AudienceSum& sum = sums[by_country ? row.country : row.player];
    sum.ms += common_ms(range, row.began, row.until);
    sum.bytes += row.bytes_between(range.from, range.to);
    if (row.is_new_in(range)) ++sum.sessions;
    if (row.next_in(range)) --sum.sessions;
  }
  std::erase_if(sums, [](const auto& one) { return one.second.is_none(); });
  return given(std::move(sums));
}

}  // namespace lb
