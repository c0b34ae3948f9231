// How fast rows of journals are merged, and how long reports take: audience-rate FILE SESSIONS
// MOUNTS DAYS makes a database as if SESSIONS listenings of 1 to 60 minutes had ended within DAYS
// days on four nodes, each batch a transaction that is synced.  Prints one JSON line: rows a
// second, bytes a session, and the milliseconds of reports over all of it and over one mount.
// audience-rate FILE SESSIONS MOUNTS DAYS BATCH: rows of a transaction; 0: none is merged, SQL puts
// ten million sessions, titles and their sums there in minutes, for the reports alone, or a file
// that is there is measured again.  Of reports it is processor time.
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "audience/day_sums.h"
#include "audience/merge.h"
#include "audience/report.h"
#include "audience/song_sums.h"
#include "base/cat.h"
#include "base/random.h"

using namespace lb;

namespace {

constexpr std::int64_t kBegin = 1'735'689'600'000;  // 2025-01-01
constexpr std::int64_t kTitleMs = 240'000;
constexpr std::uint64_t kStations = 50;  // mounts that have titles, where SQL puts them there
constexpr std::size_t kUsualBatch = 4096, kNodes = 4;
constexpr std::array<const char*, 5> kCountries = {"DE", "AT", "CH", "FR", "US"};
constexpr std::array<const char*, 6> kPlayers = {"VLC",   "Chrome", "Safari",
                                                 "Sonos", "mpv",    "Apple"};

double seconds_of(auto work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

struct Node {
  std::vector<JournalRow> rows;
  std::uint64_t number = 0;
};

// What the merge would have made of so many sessions, in the order of their begins.
bool fill(Sqlite& database, std::uint64_t sessions, std::uint64_t mounts, std::int64_t days) {
  const auto rows_to = [](std::uint64_t count) {
    return cat(
        {"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i+1<", count, ") "});
  };
  const std::int64_t length = days * kDayMs, pause = std::max<std::int64_t>(
                                                 1, length / static_cast<std::int64_t>(sessions));
  const std::uint64_t stations = std::min<std::uint64_t>(mounts, kStations),
                      titles = stations * static_cast<std::uint64_t>(length / kTitleMs);
  const std::string sql = cat(
      {"PRAGMA synchronous=OFF;PRAGMA journal_mode=MEMORY;PRAGMA cache_size=-400000;BEGIN;",
       rows_to(mounts), "INSERT INTO mount SELECT i+1, '/mount' || i || '.mp3' FROM n;",
       "INSERT INTO player(name) VALUES('VLC'),('Chrome'),('Safari'),('Sonos'),('mpv'),('Apple');",
       rows_to(sessions), "INSERT INTO session SELECT i+1, 1+abs(random())%", mounts,
       ", random(), ", kBegin, "+i*", pause, ", ", kBegin, "+i*", pause,
       "+t, t, t*16, substr('DEATCHFRUS', 1+2*(abs(random())%5), 2),"
       " 1+abs(random())%6, 0, 0, 0, 1, 1 FROM (SELECT i, iif(i%5=0, 5000+abs(random())%55000,"
       " 60000+abs(random())%3540000) AS t FROM n);",
       "INSERT INTO slot SELECT mount, began/", kQuarterMs,
       ", SUM(heard), SUM(bytes), COUNT(*) FROM session GROUP BY 1, 2;",
       "INSERT INTO slot_short SELECT mount, began/", kQuarterMs,
       ", COUNT(*) FROM session WHERE heard<", kLongSessionMs, " GROUP BY 1, 2;",
       "INSERT INTO slot_short SELECT 0, at, SUM(n) FROM slot_short GROUP BY at;",
       "INSERT INTO split SELECT mount, began/", kHourMs,
       ", country, player, SUM(heard), SUM(bytes), COUNT(*) FROM session GROUP BY 1, 2, 3, 4;",
       "INSERT INTO people SELECT mount, began/", kDayMs, ", COUNT(*) FROM session GROUP BY 1, 2;",
       rows_to(titles), "INSERT INTO play SELECT i+1, 1+i%", stations, ", ", kBegin, "+(i/",
       stations, ")*", kTitleMs,
       // A station has 1,000 songs in rotation, of a library of 10,000.
       ", 'An Artist - A Song of Number ' || ((i%", stations, "*157+i/", stations,
       "*7919%1000)%10000), ", kBegin, "+(i/", stations, "+1)*", kTitleMs,
       ", 15 FROM n;INSERT INTO play_listeners SELECT id, 10, 10+abs(random())%21-10 FROM play;"
       "INSERT INTO play_country SELECT id, column1, 1+abs(random())%5 FROM play CROSS JOIN "
       "(VALUES('AT'),('CH'),('DE'),('FR'),('US')) AS v;"
       "UPDATE song_since SET at=1<<60;UPDATE unsummed SET sums=1;"
       "COMMIT;PRAGMA journal_mode=WAL;"});
  const double took = seconds_of([&] {
    if (const auto done = database.run(sql); !done)
      std::fprintf(stderr, "%s\n", done.error().what.c_str());
  });
  std::fprintf(stderr, "filled in %.0f s\n", took);
  if (!database.failed()) return true;
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    std::fprintf(stderr, "usage: audience-rate FILE SESSIONS MOUNTS DAYS [BATCH]\n");
    return 2;
  }
  const std::string path = argv[1];
  const std::uint64_t sessions = std::strtoull(argv[2], nullptr, 10),
                      mounts = std::strtoull(argv[3], nullptr, 10);
  const std::int64_t days = std::strtoll(argv[4], nullptr, 10);
  Result<std::unique_ptr<Sqlite>> opened = Error::io("");
  // One that another version of the program wrote gets its sums anew.
  std::fprintf(stderr, "opened in %.1f s\n",
               seconds_of([&] { opened = open_audience_database(path); }));
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().what.c_str());
    return 1;
  }
  Sqlite& database = **opened;
  const std::size_t batch = argc == 6 ? std::strtoull(argv[5], nullptr, 10) : kUsualBatch;
  Statement there = database.prepare("SELECT EXISTS(SELECT 1 FROM session)");
  const bool is_filled = there.step() && there.number(0) != 0;
  there.reset();
  if (batch == 0 && !is_filled && !fill(database, sessions, mounts, days)) return 1;
  auto merging_into = std::make_unique<AudienceMerge>(database, std::chrono::seconds(60));
  AudienceMerge& merge = *merging_into;
  Rng rng(1);
  std::array<Node, kNodes> nodes;
  double merging = 0;
  std::uint64_t rows = 0;
  const auto deliver = [&](std::size_t index) {
    Node& node = nodes[index];
    rows += node.rows.size();
    merging += seconds_of([&] {
      const auto merged = merge.take("node" + std::to_string(index), {"epoch", node.rows});
      if (!merged) {
        std::fprintf(stderr, "%s\n", merged.error().what.c_str());
        std::exit(1);
      }
    });
    node.rows.clear();
  };
  struct End {
    std::int64_t at;
    std::size_t node;
    std::uint64_t begun, bytes;
    bool operator<(const End& other) const { return at > other.at; }
  };
  std::priority_queue<End> ends;
  const auto put = [&](std::size_t index, auto row) {
    Node& node = nodes[index];
    node.rows.push_back({++node.number, std::move(row)});
    if (node.rows.size() == batch) deliver(index);
    return node.number;
  };
  const auto end_first = [&] {
    const End end = ends.top();
    ends.pop();
    put(end.node, ListeningEnded{end.begun, end.at, end.bytes, false});
  };
  const std::int64_t pause = std::max<std::int64_t>(
      1, days * kDayMs / static_cast<std::int64_t>(std::max<std::uint64_t>(sessions, 1)));
  std::int64_t at = kBegin;
  if (batch == 0) at += days * kDayMs;
  for (std::uint64_t i = 0; batch > 0 && i < sessions; ++i, at += pause) {
    while (!ends.empty() && ends.top().at <= at) end_first();
    ListeningBegun row;
    row.at_ms = at;
    row.who = rng.next() | 1;
    row.mount = "/mount" + std::to_string(rng.below(mounts)) + ".mp3";
    row.country = kCountries[rng.below(kCountries.size())];
    row.player = kPlayers[rng.below(kPlayers.size())];
    const std::size_t node = rng.below(kNodes);
    const std::int64_t length = 60'000 + static_cast<std::int64_t>(rng.below(3'540'000));
    const std::uint64_t number = put(node, std::move(row));
    ends.push({at + length, node, number, static_cast<std::uint64_t>(length) * 16});
  }
  while (!ends.empty()) end_first();
  // A batch, even one without rows, says that the sums are as they should be.
  for (std::size_t i = 0; batch > 0 && i < kNodes; ++i) deliver(i);

  const AudienceRange range{kBegin, at / kQuarterMs * kQuarterMs + kDayMs};
  // Those of before the sums of all mounts got them when it was opened.
  if (batch == 0) {
    merging_into.reset();
    opened->reset();
    opened = open_audience_database(path);
    if (!opened) return 1;
  }
  const double days_summing = seconds_of([&] {
    for (bool more = true; more;) {
      const auto summed = sum_days(**opened, at + 3 * kDayMs);
      more = summed && *summed;
    }
  });
  if (batch == 0) std::fprintf(stderr, "days of before summed in %.0f s\n", days_summing);
  const double summing = seconds_of([&] {
    for (bool more = true; more;) {
      const auto summed = sum_songs_of_before(**opened);
      more = summed && *summed;
    }
  });
  if (batch == 0) std::fprintf(stderr, "songs of before summed in %.0f s\n", summing);
  AudienceReport report(**opened, at + kDayMs);
  const auto all = *report.mounts();
  const AudienceReport::Mounts one = {*all.begin()};
  struct stat status {};
  ::stat(path.c_str(), &status);
  std::printf("{\"rows\": %llu, \"rows_a_second\": %.0f, \"bytes_a_session\": %.0f",
              static_cast<unsigned long long>(rows), static_cast<double>(rows) / merging,
              static_cast<double>(status.st_size) / static_cast<double>(sessions));
  AudienceReport::Mounts half = all, most = all;
  most.erase(most.begin());
  for (std::uint64_t i = 0; i < mounts / 2; ++i) half.erase(half.begin());
  using Named = std::pair<const char*, const AudienceReport::Mounts*>;
  for (const auto& [name, of] :
       {Named("all", &all), Named("most", &most), Named("half", &half), Named("one", &one)}) {
    const auto processor = [] { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; };
    const auto ms = [](double seconds) { return seconds * 1000; };
    const auto seconds_of = [&](auto work) {
      const double began = processor();
      work();
      return processor() - began;
    };
    std::printf(
        ", \"%s\": {\"summary_ms\": %.1f, \"days_ms\": %.1f, \"countries_ms\": %.1f, "
        "\"players_ms\": %.1f, \"sessions_ms\": %.1f, \"titles_ms\": %.1f, "
        "\"usage_ms\": %.1f, \"history_by_mount_ms\": %.1f, \"rows_by_mount_ms\": %.1f, "
        "\"last_page_ms\": %.1f, \"songs_of_a_month_ms\": %.1f, \"songs_ms\": "
        "%.1f, \"gain_of_a_month_ms\": %.1f, "
        "\"gain_ms\": %.1f}",
        name, ms(seconds_of([&] { (void)report.summary(*of, range); })), ms(seconds_of([&] {
          (void)report.hours(*of, range, [](std::int64_t quarter) { return quarter / 96; });
        })),
        ms(seconds_of([&] { (void)report.split(*of, range, AudienceReport::By::kCountry); })),
        ms(seconds_of([&] { (void)report.split(*of, range, AudienceReport::By::kPlayer); })),
        ms(seconds_of([&] { (void)report.sessions(*of, range, {}, 1000, true); })),
        ms(seconds_of([&] { (void)report.titles(*of, range, {}, 1000); })), ms(seconds_of([&] {
          const auto take = [](std::int64_t, std::int64_t, const AudienceSum&) { return true; };
          // As months of Berlin.
          (void)report.periods(
              *of, range, [](std::int64_t quarter) { return (quarter + 4) / 2880; }, take);
        })),
        ms(seconds_of(
            [&] { (void)report.mount_quarters(*of, range, [](std::int64_t, const auto&) {}); })),
        ms(seconds_of([&] {
          const auto take = [](std::int64_t, std::int64_t, const AudienceSum&) { return true; };
          (void)report.periods(
              *of, range, [](std::int64_t quarter) { return quarter; }, take);
        })),
        ms(seconds_of([&] {
          (void)report.sessions(*of, {range.to - 2 * kDayMs, range.to}, {}, 1000, true);
        })),
        ms(seconds_of([&] {
          (void)report.songs(*of, {range.to - 32 * kDayMs, range.to - kDayMs});
        })),
        ms(seconds_of([&] { (void)report.songs(*of, range); })), ms(seconds_of([&] {
          (void)report.titles_by(*of, {range.to - 32 * kDayMs, range.to - kDayMs},
                                 AudienceReport::Order::kGain, 1000);
        })),
        ms(seconds_of(
            [&] { (void)report.titles_by(*of, range, AudienceReport::Order::kGain, 1000); })));
  }
  std::printf("}\n");
  return 0;
}
