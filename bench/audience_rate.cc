// How fast rows of journals are merged, and how long reports take: audience-rate FILE SESSIONS
// MOUNTS DAYS makes a database as if SESSIONS listenings of 1 to 60 minutes had ended within DAYS
// days on four nodes, each batch a transaction that is synced.  Prints one JSON line: rows a
// second, bytes a session, and the milliseconds of reports over all of it and over one mount.
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <queue>
#include <string>
#include <vector>

#include "audience/merge.h"
#include "audience/report.h"
#include "base/random.h"

using namespace lb;

namespace {

constexpr std::int64_t kBegin = 1'735'689'600'000;  // 2025-01-01
constexpr std::size_t kBatch = 4096, kNodes = 4;
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

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: audience-rate FILE SESSIONS MOUNTS DAYS\n");
    return 2;
  }
  const std::string path = argv[1];
  const std::uint64_t sessions = std::strtoull(argv[2], nullptr, 10),
                      mounts = std::strtoull(argv[3], nullptr, 10);
  const std::int64_t days = std::strtoll(argv[4], nullptr, 10);
  auto opened = open_audience_database(path);
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().what.c_str());
    return 1;
  }
  Sqlite& database = **opened;
  AudienceMerge merge(database, std::chrono::seconds(60));
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
    if (node.rows.size() == kBatch) deliver(index);
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
  for (std::uint64_t i = 0; i < sessions; ++i, at += pause) {
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
  for (std::size_t i = 0; i < kNodes; ++i) deliver(i);

  const AudienceRange range{kBegin, at / kQuarterMs * kQuarterMs + kDayMs};
  AudienceReport report(database, at + kDayMs);
  const auto all = *report.mounts();
  const AudienceReport::Mounts one = {*all.begin()};
  struct stat status {};
  ::stat(path.c_str(), &status);
  std::printf("{\"rows\": %llu, \"rows_a_second\": %.0f, \"bytes_a_session\": %.0f",
              static_cast<unsigned long long>(rows), static_cast<double>(rows) / merging,
              static_cast<double>(status.st_size) / static_cast<double>(sessions));
  for (const auto& [name, of] : {std::pair("all", &all), std::pair("one", &one)}) {
    const auto ms = [](double seconds) { return seconds * 1000; };
    std::printf(
        ", \"%s\": {\"summary_ms\": %.1f, \"hours_ms\": %.1f, \"countries_ms\": %.1f, "
        "\"players_ms\": %.1f, \"sessions_ms\": %.1f, \"titles_ms\": %.1f}",
        name, ms(seconds_of([&] { (void)report.summary(*of, range); })),
        ms(seconds_of([&] { (void)report.quarters(*of, range); })),
        ms(seconds_of([&] { (void)report.split(*of, range, AudienceReport::By::kCountry); })),
        ms(seconds_of([&] { (void)report.split(*of, range, AudienceReport::By::kPlayer); })),
        ms(seconds_of([&] { (void)report.sessions(*of, range, 0, 1000, true); })),
        ms(seconds_of([&] { (void)report.titles(*of, range, 0, 1000); })));
  }
  std::printf("}\n");
  return 0;
}
