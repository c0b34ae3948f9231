// A trace of 10,000 listenings at three nodes over two changes of day, in virtual time, with all
// that may happen to their rows: kill -9 of a node and of the master, acknowledgements that are
// lost, full disks of both, hand-overs, and clocks of nodes that are set by hours, forward and
// back. Afterwards each session is there once, within a second, and what was not cut is exact.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "audience/book.h"
#include "audience/database.h"
#include "audience/journal.h"
#include "audience/merge.h"
#include "audience/report.h"
#include "base/cat.h"
#include "base/resource_limit.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr std::size_t kTraceListenings = 10'000, kTraceNodes = 3;
constexpr std::int64_t kTraceDay = 86'400'000,
                       kTraceStart = 20'783 * kTraceDay - 7'200'000;  // 22:00
constexpr std::int64_t kTraceLength = kTraceDay + 4 * 3'600'000;      // to 02:00
constexpr std::int64_t kTraceNow = kTraceStart + 3 * kTraceDay;

// By the key of a node and a day.
std::uint64_t trace_number(std::uint64_t person, std::size_t node, std::int64_t day) {
  std::uint64_t x = person * 0x9E3779B97F4A7C15U + node * 0xBF58476D1CE4E5B9U +
                    static_cast<std::uint64_t>(day) * 0x94D049BB133111EBU;
  x ^= x >> 31;
  x *= 0xD6E8FEB86659FD93U;
  return (x ^ (x >> 32)) | 1;
}

struct TraceHeard {
  std::int64_t began = 0, ended = 0, heard = 0, bytes = 0;  // by the clock of the node
  std::int64_t ahead = 0;                                   // that clock, as it was set then
  std::size_t connections = 0, cuts = 0;
  ListenerKind kind = ListenerKind::kPerson;
  std::string mount;
};

struct OpenTrace {
  std::size_t planned = 0, session = 0;
  std::uint64_t person = 0;
  std::int64_t began = 0, began_by_clock = 0;
};

struct TraceMoment {
  enum class What : std::uint8_t { kBegin, kEnd, kKill, kHandOver, kFull, kRoom, kSet };
  std::int64_t at = 0;
  What what = What::kBegin;
  std::size_t node = 0, session = 0;
  std::uint64_t person = 0, listening = 0;
  std::int64_t bytes = 0;
};

std::unique_ptr<lb::test::ResourceLimit> full_disk(bool full) {
  return full ? std::make_unique<lb::test::ResourceLimit>(RLIMIT_FSIZE, 0) : nullptr;
}

}  // namespace

TEST_GROUP(AudienceTrace) {
  std::string folder;
  std::mt19937_64 dice{7};
  std::vector<TraceHeard> sessions;
  std::vector<TraceMoment> moments;
  struct Node {
    std::string path;
    std::unique_ptr<Journal> journal;
    std::map<std::uint64_t, OpenTrace> open;
    bool full = false;
    std::int64_t ahead = 0;  // its clock
    std::int64_t day = 0;    // the last one that its clock has shown
  };
  std::vector<Node> nodes{kTraceNodes};
  std::unique_ptr<Sqlite> database;
  std::unique_ptr<AudienceMerge> merge;
  std::map<std::size_t, std::size_t> goes_on_as;  // sessions behind a clock that was set
  std::uint64_t next_listening = 1, lost_acknowledgements = 0, refused = 0;

  std::int64_t between(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(dice);
  }
  void setup() override {
    // In memory: no power fails here.
    std::string name =
        ::access("/dev/shm", W_OK) == 0 ? "/dev/shm/trace-XXXXXX" : "/tmp/trace-XXXXXX";
    folder = ::mkdtemp(name.data());
    for (std::size_t n = 0; n < kTraceNodes; ++n) {
      nodes[n].path = cat({folder, "/journal", n});
      open_node(n);
    }
    open_master();
  }
  void teardown() override {
    merge.reset();
    database.reset();
    nodes.clear();
    for (const char* const file :
         {"/journal0", "/journal1", "/journal2", "/db", "/db-wal", "/db-shm"})
      ::unlink((folder + file).c_str());
    CHECK(::rmdir(folder.c_str()) == 0);
  }
  void open_node(std::size_t n) {
    Journal::Notes notes;
    auto opened =
        Journal::open(nodes[n].path, {.compact_above = 64 << 10}, cat({"epoch", n}), notes);
    if (!opened) FAIL(opened.error().what.c_str());
    nodes[n].journal = std::move(*opened);
  }
  void open_master() {
    merge.reset();
    database.reset();
    auto opened = open_audience_database(folder + "/db");
    if (!opened) FAIL(opened.error().what.c_str());
    database = std::move(*opened);
    CHECK(database->run("PRAGMA synchronous=OFF").has_value());
    merge = std::make_unique<AudienceMerge>(*database, std::chrono::seconds(60));
  }

  // Sessions of one to three connections with pauses, some of bots, relays and quick looks.
  void plan() {
    std::size_t listenings = 0;
    std::set<std::pair<std::string, std::int64_t>> begins;
    for (std::uint64_t person = 1; listenings < kTraceListenings; ++person) {
      TraceHeard session;
      const std::int64_t of_all = between(0, 99);
      session.kind = of_all < 5    ? ListenerKind::kBot
                     : of_all < 10 ? ListenerKind::kRelay
                                   : ListenerKind::kPerson;
      const bool quick = of_all >= 95;
      session.mount = cat({"/m", between(0, 9), ".mp3"});
      const auto node = static_cast<std::size_t>(between(0, kTraceNodes - 1));
      const std::size_t count = quick ? 1 : static_cast<std::size_t>(between(1, 3));
      // Of half of them a midnight is in the middle.
      std::int64_t at = between(0, 1) == 0 ? kTraceStart + between(0, kTraceLength)
                                           : (kTraceStart / kTraceDay + between(1, 2)) * kTraceDay -
                                                 between(0, 600'000);
      while (!begins.insert({session.mount, at}).second) ++at;  // which sessions are told apart by
      session.began = at;
      for (std::size_t i = 0; i < count; ++i, ++listenings) {
        const std::int64_t heard = quick ? between(100, 3000) : between(20'000, 1'200'000);
        const std::int64_t bytes = quick ? 1000 : heard * 16;
        const std::uint64_t listening = next_listening++;
        moments.push_back(
            {at, TraceMoment::What::kBegin, node, sessions.size(), person, listening, 0});
        moments.push_back(
            {at + heard, TraceMoment::What::kEnd, node, sessions.size(), person, listening, bytes});
        at += heard + between(500, 50'000);
      }
      sessions.push_back(std::move(session));
    }
    for (std::size_t n = 0; n < kTraceNodes; ++n)
      for (int i = 0; i < 4; ++i) {
        const std::int64_t full = kTraceStart + between(0, kTraceLength);
        moments.push_back({kTraceStart + between(0, kTraceLength), TraceMoment::What::kKill, n});
        moments.push_back(
            {kTraceStart + between(0, kTraceLength), TraceMoment::What::kHandOver, n});
        moments.push_back({full, TraceMoment::What::kFull, n});
        moments.push_back({full + between(1000, 300'000), TraceMoment::What::kRoom, n});
        for (int twice = 0; twice < 2; ++twice)
          moments.push_back({kTraceStart + between(0, kTraceLength), TraceMoment::What::kSet, n});
      }
    std::stable_sort(moments.begin(), moments.end(),
                     [](const TraceMoment& a, const TraceMoment& b) { return a.at < b.at; });
  }

  // A pause in which the clock is set ends a session: by that clock it lasts for hours.
  std::size_t session_of(std::size_t planned, std::int64_t at, std::int64_t ahead) {
    const auto now = goes_on_as.try_emplace(planned, planned).first;
    TraceHeard& session = sessions[now->second];
    if (session.connections == 0) {
      session.began = at + ahead;
      session.ahead = ahead;
    }
    if (session.ahead == ahead) return now->second;
    TraceHeard next;
    next.kind = session.kind;
    next.mount = session.mount;
    next.began = at + ahead;
    next.ahead = ahead;
    sessions.push_back(std::move(next));
    return now->second = sessions.size() - 1;
  }
  void begin(Node & node, std::size_t n, const TraceMoment& moment) {
    const std::size_t session = session_of(moment.session, moment.at, node.ahead);
    ListeningBegun row;
    row.at_ms = moment.at + node.ahead;
    node.day = std::max(node.day, row.at_ms / kTraceDay);
    row.who = trace_number(moment.person, n, node.day);
    row.before = trace_number(moment.person, n, node.day - 1);
    row.kind = sessions[session].kind;
    row.mount = sessions[session].mount;
    row.country = "DE";
    row.player = "VLC";
    node.open[moment.listening] = {moment.session, session, moment.person, moment.at, row.at_ms};
    node.journal->clocks(moment.at + node.ahead, moment.at);
    CHECK(node.journal->begun(moment.listening, std::move(row)) != 0);
  }
  void heard(const OpenTrace& open, std::int64_t until, std::int64_t bytes, bool cut) {
    TraceHeard& session = sessions[open.session];
    session.heard += until - open.began;
    session.bytes += bytes;
    session.ended = open.began_by_clock + until - open.began;
    ++session.connections;
    if (cut) ++session.cuts;
  }
  void flush(Node & node, std::int64_t at) {
    const auto disk = full_disk(node.full);
    node.journal->clocks(at + node.ahead, at);
    const auto written = node.journal->flush(at + node.ahead);
    CHECK(node.full || written.has_value());
  }
  // What is open is heard until then, and comes back at once as another connection.
  void kill(Node & node, std::size_t n, std::int64_t at) {
    node.full = false;
    flush(node, at - between(0, 900));
    node.journal.reset();
    open_node(n);
    for (const auto& [listening, open] : std::exchange(node.open, {})) {
      heard(open, at, 0, true);
      // Its end of before is of the connection that it makes now.
      TraceMoment again{at + 1, TraceMoment::What::kBegin, n, open.planned, open.person, listening,
                        0};
      begin(node, n, again);
    }
    flush(node, at + 1);
  }
  void hand_over(Node & node) {
    const JournalRecord saved = node.journal->save();
    auto next = Journal::go_on(node.path, {.compact_above = 64 << 10},
                               UniqueFd(::dup(node.journal->descriptor())), saved);
    if (!next) FAIL(next.error().what.c_str());
    node.journal = std::move(*next);
  }
  // A book goes to the master; false: there is none.
  bool deliver(std::size_t n, bool in_peace) {
    Journal& journal = *nodes[n].journal;
    if (journal.asks()) {
      const auto known =
          merge->take(cat({"node", n}), *journal.next(1), AudienceMerge::Origin::kElsewhere);
      CHECK(known.has_value());
      LONGS_EQUAL(0, *journal.acknowledge(known->seen));
    }
    const auto batch =
        journal.next(static_cast<std::size_t>(in_peace ? 4096 : between(1, 400)), 48 << 10);
    CHECK(batch.has_value());
    if (batch->rows.empty()) return false;
    const auto rows = fitting_rows(*batch, 60 << 10);
    const OpenedBook book =
        open_book(batch->epoch, batch->rows[rows.size() - 1].number, rows, kTraceNow);
    LONGS_EQUAL(0, book.refused);
    const std::int64_t fate = in_peace ? 100 : between(0, 99);
    if (fate < 5) open_master();  // it was killed before the book came
    const bool full = fate >= 5 && fate < 10;
    Result<AudienceMerge::Merged> merged = Error::io("");
    {
      const auto disk = full_disk(full);
      merged = merge->take(cat({"node", n}), book.batch, AudienceMerge::Origin::kElsewhere);
    }
    if (!merged) {
      CHECK(full);
      ++refused;
      return true;
    }
    if (fate >= 10 && fate < 30) {  // the acknowledgement is lost
      ++lost_acknowledgements;
      return true;
    }
    if (fate >= 30 && fate < 35) open_master();  // it was killed behind its commit
    CHECK(journal.acknowledge(merged->seen).has_value());
    return true;
  }
  void play() {
    for (const TraceMoment& moment : moments) {
      Node& node = nodes[moment.node];
      switch (moment.what) {
        case TraceMoment::What::kBegin:
          begin(node, moment.node, moment);
          break;
        case TraceMoment::What::kEnd:
          if (const auto at = node.open.find(moment.listening); at != node.open.end()) {
            const std::int64_t until = std::max(moment.at, at->second.began + 1);
            heard(at->second, until, moment.bytes, false);
            const std::int64_t by_clock = at->second.began_by_clock + until - at->second.began;
            CHECK(node.journal
                      ->ended(moment.listening, by_clock, static_cast<std::uint64_t>(moment.bytes))
                      .has_value());
            node.open.erase(at);
          }
          break;
        case TraceMoment::What::kKill:
          kill(node, moment.node, moment.at);
          continue;
        case TraceMoment::What::kHandOver:
          node.full = false;
          flush(node, moment.at);
          hand_over(node);
          break;
        case TraceMoment::What::kSet:
          node.ahead =
              node.ahead != 0 ? 0 : (between(0, 1) * 2 - 1) * between(7'200'000, 14'400'000);
          break;
        case TraceMoment::What::kFull:
          node.full = true;
          break;
        case TraceMoment::What::kRoom:
          node.full = false;
          break;
      }
      if (between(0, 3) == 0) flush(node, moment.at);
      if (between(0, 15) == 0)
        deliver(static_cast<std::size_t>(between(0, kTraceNodes - 1)), false);
    }
    for (std::size_t n = 0; n < kTraceNodes; ++n) {
      nodes[n].full = false;
      flush(nodes[n], kTraceNow);
      while (deliver(n, true)) {
      }
      LONGS_EQUAL(0, nodes[n].journal->unacknowledged());
      LONGS_EQUAL(0, nodes[n].journal->lost());
    }
  }
};

TEST(AudienceTrace, EachSessionIsThereOnceAndWhatWasNotCutIsExact) {
  plan();
  play();
  CHECK(lost_acknowledgements > 50);
  CHECK(refused > 10);
  using Key = std::pair<std::string, std::int64_t>;  // mount, begin
  std::map<Key, const TraceHeard*> wanted;
  for (const TraceHeard& session : sessions) wanted[{session.mount, session.began}] = &session;
  LONGS_EQUAL(sessions.size(), wanted.size());
  std::size_t found = 0, cut = 0, counted = 0;
  std::int64_t uncut = 0, uncut_bytes = 0, all = 0, uncut_wanted = 0, uncut_bytes_wanted = 0;
  Statement row = database->prepare(
      "SELECT m.name, s.began, s.ended, s.heard, s.bytes, s.kind, s.open, s.connections, s.counted "
      "FROM session s JOIN mount m ON m.id=s.mount");
  while (row.step()) {
    ++found;
    const auto at = wanted.find({std::string(row.text(0)), row.number(1)});
    CHECK(at != wanted.end());
    const TraceHeard& session = *at->second;
    wanted.erase(at);
    LONGS_EQUAL(0, row.number(6));
    LONGS_EQUAL(static_cast<int>(session.kind), row.number(5));
    LONGS_EQUAL(session.connections, row.number(7));
    const auto slack = static_cast<std::int64_t>(session.cuts) * 1000;
    CHECK(std::abs(row.number(3) - session.heard) <= slack);
    CHECK(std::abs(row.number(2) - session.ended) <= slack);
    const bool counts =
        session.kind == ListenerKind::kPerson && session.connections > 0 && session.heard >= 5000;
    LONGS_EQUAL(counts ? 1 : 0, row.number(8));
    cut += session.cuts > 0 ? 1 : 0;
    if (!counts) continue;
    ++counted;
    all += row.number(3);
    if (session.cuts > 0) continue;
    uncut += row.number(3);
    uncut_bytes += row.number(4);
    uncut_wanted += session.heard;
    uncut_bytes_wanted += session.bytes;
  }
  LONGS_EQUAL(sessions.size(), found);
  CHECK(wanted.empty());
  CHECK(cut > 20);
  CHECK_EQUAL(uncut_wanted, uncut);
  CHECK_EQUAL(uncut_bytes_wanted, uncut_bytes);
  // The sums by quarters, those of all mounts together, and the summary are those of the sessions.
  for (const char* const sql : {"SELECT SUM(ms), SUM(sessions) FROM slot WHERE mount>0",
                                "SELECT SUM(ms), SUM(sessions) FROM slot WHERE mount=0",
                                "SELECT SUM(ms), SUM(sessions) FROM split WHERE mount>0"}) {
    Statement sum = database->prepare(sql);
    CHECK(sum.step());
    CHECK_EQUAL(all, sum.number(0));
    LONGS_EQUAL(counted, sum.number(1));
  }
  AudienceReport report(*database, kTraceNow);
  const auto mounts = report.mounts();
  const auto summary = report.summary(*mounts, {kTraceStart - kTraceDay, kTraceNow});
  CHECK(summary.has_value());
  CHECK_EQUAL(all, summary->sum.ms);
  LONGS_EQUAL(0, summary->now);
  // The sums know short sessions as the rows do, and a file without those sums gets the same.
  const auto differ = [this] {
    Statement asked = database->prepare(
        "WITH is_so AS (SELECT mount, began/900000 AS at, COUNT(*) AS n FROM session WHERE "
        "counted=1 AND heard<60000 GROUP BY 1, 2), told AS (SELECT mount, at, n FROM slot_short "
        "WHERE mount>0 AND n<>0) SELECT COUNT(*), (SELECT SUM(n) FROM slot_short WHERE mount=0) - "
        "(SELECT SUM(n) FROM is_so) FROM (SELECT * FROM (SELECT * FROM is_so EXCEPT SELECT * FROM "
        "told) UNION ALL SELECT * FROM (SELECT * FROM told EXCEPT SELECT * FROM is_so))");
    return !asked.step() || asked.number(0) != 0 || asked.is_null(1) || asked.number(1) != 0;
  };
  CHECK_FALSE(differ());
}
