// AudienceMerge: open listenings whose servers are gone, and those under which the clock is set;
// rows of several servers that arrive in another order than they happened.
#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "audience/book.h"
#include "audience/merge.h"
#include "audience/upkeep.h"

namespace lb {
namespace {

std::vector<std::int64_t> numbers_of(Statement& asked) {
  std::vector<std::int64_t> numbers;
  while (asked.step()) numbers.push_back(asked.number(0));
  return numbers;
}

}  // namespace

Result<void> AudienceMerge::nodes_seen(const std::vector<std::string>& nodes, std::int64_t at_ms,
                                       const Rates& rates) {
  const auto done = in_transaction(database_, [&] {
    for (const std::string& node : nodes) {
      const std::int64_t journal = newest_journal_.first_number(node);
      if (journal == 0) continue;
      resume(journal, at_ms);
      see_journal_.run(journal, at_ms);
    }
    for (const auto& [name, rate] : rates)
      if (const std::int64_t mount = find_mount_.first_number(name); mount != 0)
        rates_.put(mount, rate);
    write_changes();
    return true;
  });
  if (!done) forget_changes();
  return done ? Result<void>() : done.error();
}

// The starts of open listenings at other servers, and the last signs of these, shift with the
// clock.
Result<void> AudienceMerge::clock_set(const std::string& node, const std::string& epoch,
                                      const std::vector<ShiftedListening>& shifted,
                                      std::int64_t set_ms) {
  const auto done = in_transaction(database_, [&] {
    const std::int64_t own = journal_of(node, epoch).id;
    database_
        .prepare(
            "INSERT OR REPLACE INTO open_shift SELECT o.journal, o.begun, COALESCE(s.ms, 0)+? "
            "FROM open o LEFT JOIN open_shift s ON s.journal=o.journal AND s.begun=o.begun "
            "WHERE o.journal<>?")
        .run(set_ms, own);
    database_.prepare("DELETE FROM open_shift WHERE journal=?").run(own);
    for (const auto& [begun, ms] : shifted) set_shift_.run(own, begun, ms);
    database_.prepare("UPDATE journal_seen SET at=at+?").run(set_ms);
    std::vector<std::tuple<std::int64_t, std::int64_t, bool>> paused;
    Statement asked = database_.prepare("SELECT session, at, lost FROM open_until");
    while (asked.step())
      paused.emplace_back(asked.number(0), asked.number(1), asked.number(2) != 0);
    for (const auto& [session, at, lost] : paused) count_until(session, at + set_ms, lost);
    write_changes();
    return true;
  });
  has_shifts_ = true;
  if (!done) forget_changes();
  return done ? Result<void>() : done.error();
}

// A server seen just now has no paused sessions, unless its clock was set.
void AudienceMerge::resume(std::int64_t journal, std::int64_t now_ms) {
  const std::int64_t seen = journal_seen_.first_number(journal);
  if (seen == 0 || (seen >= now_ms - kTitleRest && seen <= now_ms)) return;
  for (const std::int64_t session : numbers_of(paused_of_.bind(journal)))
    count_until(session, PlayChanges::kGoesOn, false);
}

// After a restored copy of the database, the ends of open sessions may be in rows that never come.
void AudienceMerge::rows_lost(std::int64_t journal, std::uint64_t last) {
  const std::int64_t seen = journal_seen_.first_number(journal);
  if (seen == 0) return;
  for (const std::int64_t session : numbers_of(open_of_.bind(journal, last)))
    count_until(session, seen, true);
}

void AudienceMerge::count_until(std::int64_t id, std::int64_t at_ms, bool lost) {
  Session session;
  const bool is_there = read_session(id, session);
  if (is_there) plays_.add(session.mount, session.country, session.part(), -1);
  drop_until_.run(id);
  if (!is_there) return;
  // Not before a pause has ended.
  session.until = std::max({at_ms, session.ended, newest_open_.first_number(id)});
  if (at_ms != PlayChanges::kGoesOn) set_until_.run(id, session.until, std::int64_t{lost});
  plays_.add(session.mount, session.country, session.part(), 1);
}

Result<bool> AudienceMerge::pause_gone(std::int64_t now_ms) {
  constexpr std::size_t kSlice = 1000;
  auto done = in_transaction(database_, [&] {
    std::vector<std::pair<std::int64_t, std::int64_t>> gone;
    // The session has no listening at a server that is up.
    Statement asked = database_.prepare(
        "SELECT DISTINCT o.session, (SELECT MAX(COALESCE(m.at, ?)) FROM open p LEFT JOIN "
        "journal_seen m ON m.journal=p.journal WHERE p.session=o.session) AS last FROM "
        "journal_seen n CROSS JOIN open o ON o.journal=n.journal WHERE n.at<? AND last<? AND NOT "
        "EXISTS(SELECT 1 FROM open_until WHERE session=o.session) LIMIT ?");
    asked.bind(now_ms, now_ms - kTitleRest, now_ms - kTitleRest, kSlice);
    while (asked.step()) gone.emplace_back(asked.number(0), asked.number(1));
    for (const auto& [session, last] : gone) count_until(session, last, false);
    write_changes();
    return gone.size() == kSlice;
  });
  if (!done) forget_changes();
  return done;
}

Result<bool> AudienceMerge::end_gone(std::int64_t now_ms) {
  constexpr std::size_t kSlice = 1000;
  auto done = in_transaction(database_, [&] {
    std::vector<std::pair<std::int64_t, ListeningEnded>> gone;
    Statement asked = database_.prepare(
        "SELECT o.journal, o.begun, n.at FROM journal_seen n JOIN journal j ON j.id=n.journal JOIN "
        "open o ON o.journal=j.id WHERE n.at<? OR (n.at<? AND EXISTS(SELECT 1 FROM journal WHERE "
        "node=j.node AND id>j.id)) UNION SELECT o.journal, o.begun, u.at FROM open_until u JOIN "
        "open o ON o.session=u.session WHERE u.lost=1 AND u.at<?1 LIMIT ?");
    asked.bind(now_ms - kOldestRowMs, now_ms - kUnseenMs, kSlice);
    while (asked.step())
      gone.push_back({asked.number(0),
                      {static_cast<std::uint64_t>(asked.number(1)), asked.number(2), 0, true}});
    for (auto& [journal, row] : gone) {
      row.at_ms = by_its_clock(journal, row.begun, row.at_ms);
      end(journal, row);
    }
    write_changes();
    return gone.size() == kSlice;
  });
  if (!done) forget_changes();
  return done;
}

// The listener's next session, which begins where this one ends; 0: none.
std::int64_t AudienceMerge::session_after(const Session& session, std::int64_t ended,
                                          std::int64_t& began) {
  for (const std::int64_t who : {session.who, number_after(session.who)}) {
    if (who == 0) continue;
    after_recent_.bind(session.mount, who, session.id, session.began, ended - kOverlap,
                       ended + window_);
    if (!after_recent_.step()) continue;
    const std::int64_t id = after_recent_.number(0);
    began = after_recent_.number(1);
    after_recent_.reset();
    return id;
  }
  return 0;
}

// A session that was merged later than what followed it lies in a pause of the session that it is
// a part of.  One that has gone on is found by its end.
std::optional<AudienceMerge::Gap> AudienceMerge::gap_around(const Session& session,
                                                            std::int64_t ended) {
  if (session.connections > 1) return std::nullopt;
  for (const std::int64_t who : {session.who, number_after(session.who)}) {
    if (who == 0) continue;
    find_gap_.bind(session.mount, who, session.id, session.began, ended, kOverlap);
    if (!find_gap_.step()) continue;
    const Gap gap{find_gap_.number(0), find_gap_.number(1), find_gap_.number(2)};
    find_gap_.reset();
    return gap;
  }
  return std::nullopt;
}

// Replaces the session, which has ended, by the one that has the pause.
void AudienceMerge::fill_gap(const Gap& gap, std::int64_t began, std::int64_t ended,
                             Session& session) {
  Session whole;
  if (!read_session(gap.session, whole)) return;
  write_session(session);
  plays_.add(whole.mount, whole.country, whole.part(), -1);
  if (!whole.part().is_none()) add_pauses(whole, -1);
  drop_pause_.run(whole.mount, gap.began, whole.id);
  if (began > gap.began) add_pause_.run(whole.mount, gap.began, whole.id, began);
  if (gap.ended > ended) add_pause_.run(whole.mount, ended, whole.id, gap.ended);
  join(whole, session.id);
  session = std::move(whole);
}

// Joins two sessions, because rows of two nodes may arrive in another order than they happened.
void AudienceMerge::join(Session& session, std::int64_t next) {
  Session other;
  if (!read_session(next, other)) return;
  plays_.add(other.mount, other.country, other.part(), -1);
  if (!other.part().is_none()) add_pauses(other, -1);
  move_pauses_.run(session.id, next);
  drop_recent_.run(other.mount, other.who, next);
  drop_until_.run(next);
  move_open_.run(session.id, next);
  if (other.counted != 0) {
    sums_.sessions(other.of(), other.began, -1);
    // The person was counted with it, of which days later nothing else is known.
    add_seen_.run(other.began / kDayMs, other.mount, session.who);
    other.counted = 0;
    write_session(other);
    count(session);
  } else {
    move_pieces_.run(session.id, next);
    if (session.counted != 0) {
      session.counted = 0;
      sums_.sessions(session.of(), session.began, -1);
      count(session);
    }
  }
  session.ended = std::max(session.ended, other.ended);
  session.heard += other.heard;
  session.bytes += other.bytes;
  session.open += other.open;
  session.connections += other.connections;
  drop_session_.run(next);
}

}  // namespace lb
