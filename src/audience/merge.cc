#include "audience/merge.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace lb {
namespace {

std::int64_t stored(std::uint64_t who) { return static_cast<std::int64_t>(who); }

}  // namespace

AudienceMerge::AudienceMerge(Sqlite& database, std::chrono::seconds window)
    : database_(database),
      window_(window.count() * 1000),
      sums_(database),
      rates_(database),
      plays_(database) {
  const auto made = [&database](std::string_view sql) { return database.prepare(sql); };
  find_journal_ = made("SELECT id, seen FROM journal WHERE node=? AND epoch=?");
  add_journal_ = made("INSERT INTO journal(node, epoch, seen) VALUES(?,?,0)");
  trim_journals_ = made(
      "DELETE FROM journal WHERE node=?1 AND id<=(SELECT id FROM journal WHERE node=?1 ORDER BY id "
      "DESC LIMIT 1 OFFSET ?2) AND NOT EXISTS(SELECT 1 FROM open WHERE journal=journal.id)");
  set_seen_ = made("UPDATE journal SET seen=? WHERE id=?");
  find_mount_ = made("SELECT id FROM mount WHERE name=?");
  add_mount_ = made("INSERT INTO mount(name) VALUES(?)");
  find_player_ = made("SELECT id FROM player WHERE name=?");
  add_player_ = made("INSERT INTO player(name) VALUES(?)");
  add_session_ = made(
      "INSERT INTO session(mount, who, began, ended, heard, bytes, country, player, way, kind, "
      "open, connections, counted) VALUES(?,?,?,?,0,0,?,?,?,?,1,1,0)");
  get_session_ = made(
      "SELECT mount, who, began, ended, heard, bytes, country, player, way, kind, open, "
      "connections, "
      "counted FROM session WHERE id=?");
  set_session_ = made(
      "UPDATE session SET who=?, ended=?, heard=?, bytes=?, kind=?, open=?, connections=?, "
      "counted=? WHERE id=?");
  drop_session_ = made("DELETE FROM session WHERE id=?");
  find_recent_ = made(
      "SELECT session, ended FROM recent WHERE mount=? AND who=? AND open=0 AND began<=? AND "
      "ended>=? AND ended<=? ORDER BY ended DESC LIMIT 1");
  add_recent_ = made("INSERT OR REPLACE INTO recent VALUES(?,?,?,?,?,?)");
  set_recent_ = made("UPDATE recent SET ended=?, open=? WHERE mount=? AND who=? AND session=?");
  drop_recent_ = made("DELETE FROM recent WHERE mount=? AND who=? AND session=?");
  after_recent_ = made(
      "SELECT session, began FROM recent WHERE mount=? AND who=? AND session<>? AND began>? AND "
      "began>=? AND began<=? ORDER BY began LIMIT 1");
  beside_recent_ = made(
      "SELECT 1 FROM recent WHERE mount=? AND who=? AND session<>? AND began<=? AND (open>0 OR "
      "ended>=?) LIMIT 1");
  add_open_ = made("INSERT OR REPLACE INTO open VALUES(?,?,?,?)");
  get_open_ = made("SELECT session, began FROM open WHERE journal=? AND begun=?");
  drop_open_ = made("DELETE FROM open WHERE journal=? AND begun=?");
  list_open_ = made("SELECT journal, begun FROM open WHERE session=?");
  move_open_ = made("UPDATE open SET session=? WHERE session=?");
  add_piece_ = made("INSERT INTO piece VALUES(?,?,?,?)");
  get_pieces_ = made("SELECT began, ended, bytes FROM piece WHERE session=?");
  move_pieces_ = made("UPDATE piece SET session=? WHERE session=?");
  drop_pieces_ = made("DELETE FROM piece WHERE session=?");
  add_pause_ = made("INSERT OR REPLACE INTO pause VALUES(?,?,?,?)");
  get_pauses_ = made("SELECT began, ended FROM pause WHERE session=?");
  move_pauses_ = made("UPDATE pause SET session=? WHERE session=?");
  find_gap_ = made(
      "SELECT g.session, g.began, g.ended FROM recent r CROSS JOIN pause g ON g.session=r.session "
      "WHERE r.mount=?1 AND r.who=?2 AND r.session<>?3 AND g.began<=?4+?6 AND g.began<?5 AND "
      "g.ended>?4 AND g.ended>=?5-?6 LIMIT 1");
  drop_pause_ = made("DELETE FROM pause WHERE mount=? AND began=? AND session=?");
  is_seen_ = made("SELECT 1 FROM seen WHERE day=? AND mount=? AND who=?");
  add_seen_ = made("INSERT OR IGNORE INTO seen VALUES(?,?,?)");
  add_audience_ =
      made("INSERT INTO people VALUES(?,?,1) ON CONFLICT(mount, day) DO UPDATE SET n = n + 1");
  // The titles of a mount follow each other, so only the last one up to a moment may go beyond it.
  end_play_ = made(
      "UPDATE play SET ended=?1 WHERE id=(SELECT id FROM play WHERE mount=?2 AND began<=?1 ORDER "
      "BY began DESC, id DESC LIMIT 1) AND (ended IS NULL OR ended>?1)");
  add_play_ = made("INSERT INTO play(mount, began, title, ended) VALUES(?,?,?,NULLIF(?,0))");
  put_song_ = made(
      "INSERT INTO song_described(mount, title, at, isrc, album, label, label_code, composer) "
      "VALUES(?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET at=excluded.at, isrc=excluded.isrc, "
      "album=excluded.album, label=excluded.label, label_code=excluded.label_code, "
      "composer=excluded.composer WHERE excluded.at>=at");
  same_play_ = made(
      "SELECT 1 FROM play WHERE mount=?1 AND began<=?2 AND began>=COALESCE((SELECT MAX(began) FROM "
      "play WHERE mount=?1 AND began<?3), 0) AND (ended IS NULL OR ended>=?3) AND title=?4 LIMIT "
      "1");
  last_play_ = made(
      "SELECT id, began, ended, title, performances IS NOT NULL FROM play WHERE mount=? AND "
      "began<=? ORDER BY began DESC, id DESC LIMIT 1");
  reopen_play_ = made("UPDATE play SET ended=NULLIF(?,0) WHERE id=?");
  next_play_ = made("SELECT began FROM play WHERE mount=? AND began>? ORDER BY began LIMIT 1");
  forgotten_ = made("SELECT 1 FROM forgotten WHERE (who=? OR who=?) AND at>=? LIMIT 1");
  sums_marked_ = sums_marked(database);
  see_journal_ = made("INSERT OR REPLACE INTO journal_seen VALUES(?,?)");
  newest_journal_ = made(
      "SELECT id FROM journal j WHERE id=(SELECT MAX(id) FROM journal WHERE node=?) AND "
      "EXISTS(SELECT 1 FROM open WHERE journal=j.id)");
  journal_seen_ = made("SELECT at FROM journal_seen WHERE journal=?");
  paused_of_ = made(
      "SELECT u.session FROM open_until u WHERE u.lost=0 AND EXISTS(SELECT 1 FROM open WHERE "
      "session=u.session AND journal=?)");
  open_of_ = made(
      "SELECT DISTINCT session FROM open o WHERE journal=? AND begun<=? AND NOT EXISTS(SELECT 1 "
      "FROM open_until WHERE session=o.session)");
  newest_open_ = made("SELECT MAX(began) FROM open WHERE session=?");
  get_until_ = made("SELECT at FROM open_until WHERE session=?");
  set_until_ = made("INSERT INTO open_until VALUES(?,?,?)");
  drop_until_ = made("DELETE FROM open_until WHERE session=?");
  set_shift_ = made("INSERT OR REPLACE INTO open_shift VALUES(?,?,?)");
  get_shift_ = made("SELECT ms FROM open_shift WHERE journal=? AND begun=?");
  drop_shift_ = made("DELETE FROM open_shift WHERE journal=? AND begun=?");
  has_shifts_ = made("SELECT EXISTS(SELECT 1 FROM open_shift)").first_number() != 0;
  count_mounts_ = made("SELECT COUNT(*) FROM mount");
  several_ = made("SELECT COUNT(DISTINCT node) FROM journal").first_number() > 1;
}

Result<AudienceMerge::Merged> AudienceMerge::take(const std::string& node,
                                                  const JournalBatch& batch, Origin origin,
                                                  std::int64_t now_ms, std::int64_t ahead_ms) {
  origin_ = origin;
  now_ms_ = now_ms;
  ahead_ms_ = ahead_ms;
  several_ = several_ || origin == Origin::kElsewhere;
  const std::uint32_t before = database_.all_changes();
  auto taken = in_transaction(database_, [&] {
    const Journal journal = journal_of(node, batch.epoch);
    Merged merged;
    unnamed_ = 0;
    merged.seen = static_cast<std::uint64_t>(journal.seen);
    resume(journal.id, now_ms);
    for (const JournalRow& row : batch.rows) {
      if (database_.failed()) break;
      if (row.number <= merged.seen) continue;
      if (row.number > merged.seen + 1) rows_lost(journal.id, merged.seen);
      merged.missing += row.number - merged.seen - 1;
      if (const auto* begun = std::get_if<ListeningBegun>(&row.what)) {
        if (begun->at_ms < now_ms - kPersonKnownMs) late_ms_ = now_ms;
        begin(journal.id, row.number, *begun);
      } else if (const auto* ended = std::get_if<ListeningEnded>(&row.what))
        end(journal.id, *ended);
      else if (const auto* described = std::get_if<SongDescribed>(&row.what))
        song(*described);
      else
        title(journal.id, std::get<TitleBegun>(row.what));
      merged.seen = row.number;
      ++merged.added;
    }
    merged.seen = std::max(merged.seen, batch.last);
    write_changes();
    set_seen_.run(merged.seen, journal.id);
    if (now_ms != 0) see_journal_.run(journal.id, now_ms);
    sums_marked_.run();
    merged.unnamed = unnamed_;
    merged.changes = database_.all_changes() - before;
    return merged;
  });
  if (!taken) {
    mounts_.clear();  // ids added by the rolled back transaction may be given to other mounts
    players_.clear();
    forget_changes();
  }
  return taken;
}

AudienceMerge::Journal AudienceMerge::journal_of(const std::string& node,
                                                 const std::string& epoch) {
  Journal journal;
  if (find_journal_.bind(node, epoch).step()) {
    journal = {find_journal_.number(0), find_journal_.number(1)};
    find_journal_.reset();
    return journal;
  }
  add_journal_.run(node, epoch);
  journal.id = database_.last_id();
  trim_journals_.run(node, kMaxJournals);
  return journal;
}

template <class MayAdd>
std::int64_t AudienceMerge::id_of(std::map<std::string, std::int64_t>& known, Statement& find,
                                  Statement& add, const std::string& name, MayAdd may_add) {
  if (const auto at = known.find(name); at != known.end()) return at->second;
  std::int64_t id = find.first_number(name);
  if (id == 0) {
    if (!may_add()) return 0;
    add.run(name);
    id = database_.last_id();
  }
  if (known.size() >= 10'000) known.clear();
  known[name] = id;
  return id;
}

std::int64_t AudienceMerge::mount_of(const std::string& name) {
  const std::int64_t id = id_of(mounts_, find_mount_, add_mount_, name, [this, &name] {
    return origin_ != Origin::kElsewhere || (is_configured_ && is_configured_(name)) ||
           count_mounts_.first_number() < kMaxMounts;
  });
  if (id == 0) ++unnamed_;
  return id;
}

std::int64_t AudienceMerge::session_before(std::int64_t mount, const ListeningBegun& row,
                                           std::int64_t& who, std::int64_t& ended) {
  for (const std::uint64_t name : {row.who, row.before}) {
    if (name == 0) continue;
    find_recent_.bind(mount, name, row.at_ms, row.at_ms - window_, row.at_ms + kOverlap);
    if (!find_recent_.step()) continue;
    const std::int64_t id = find_recent_.number(0);
    ended = find_recent_.number(1);
    find_recent_.reset();
    who = stored(name);
    return id;
  }
  return 0;
}

// Whether the person's sessions were deleted after this row, which then waited in a journal.
bool AudienceMerge::is_forgotten(const ListeningBegun& row) {
  const std::uint64_t before = row.before == 0 ? row.who : row.before;
  return forgotten_.first_number(row.who, before, row.at_ms) != 0;
}

void AudienceMerge::begin(std::int64_t journal, std::uint64_t number, const ListeningBegun& row) {
  if (is_forgotten(row)) return;
  const std::int64_t mount = mount_of(row.mount);
  if (mount == 0) return;
  know_again(mount, row);
  std::int64_t who = 0, ended = 0, began = row.at_ms;
  std::int64_t id = session_before(mount, row, who, ended);
  Session session;
  if (id != 0 && read_session(id, session)) {
    began = std::max(began, ended);
    drop_recent_.run(mount, who, id);
    const PlayChanges::Part was = session.part();
    plays_.add(mount, session.country, was, -1);
    // It may continue tomorrow, and rows from before midnight may come later.
    session.who = stored(row.who);
    if (session.who != who) turned(row.before, row.who);
    ++session.open;
    plays_.add(mount, session.country, session.part(), 1);
    if (was.is_none()) add_pauses(session, 1);
    ++session.connections;
    pause(session, ended, row.at_ms);
    write_session(session);
    add_recent_.run(mount, session.who, id, session.began, session.ended, session.open);
  } else {
    const std::int64_t player =
        id_of(players_, find_player_, add_player_, row.player, [] { return true; });
    add_session_.run(mount, row.who, row.at_ms, row.at_ms, row.country, player, row.way, row.kind);
    id = database_.last_id();
    add_recent_.run(mount, row.who, id, row.at_ms, row.at_ms, 1);
    if (row.before != 0) turned(row.before, row.who);
    if (row.kind == ListenerKind::kPerson && row.way != ListeningWay::kPast)
      plays_.add(mount, row.country, {row.at_ms, PlayChanges::kGoesOn}, 1);
  }
  add_open_.run(journal, number, id, began);
  // Without a known difference of the clocks, it has at least not begun in the future.
  if (origin_ == Origin::kElsewhere && now_ms_ != 0)
    shift_start(journal, number, std::min(-ahead_ms_, now_ms_ - row.at_ms));
}

void AudienceMerge::shift_start(std::int64_t journal, std::uint64_t number, std::int64_t ms) {
  if (std::abs(ms) < kShiftMs) return;
  set_shift_.run(journal, number, ms);
  has_shifts_ = true;
}

std::int64_t AudienceMerge::by_its_clock(std::int64_t journal, std::uint64_t begun,
                                         std::int64_t at_ms) {
  return has_shifts_ ? at_ms - get_shift_.first_number(journal, begun) : at_ms;
}

// A person counted today by yesterday's number, as a listener over midnight, is not another one.
void AudienceMerge::know_again(std::int64_t mount, const ListeningBegun& row) {
  const std::int64_t day = row.at_ms / kDayMs;
  if (row.before != 0 && is_seen_.first_number(day, mount, row.before) != 0)
    add_seen_.run(day, mount, row.who);
}

// The session goes on after a pause.
void AudienceMerge::pause(const Session& session, std::int64_t began, std::int64_t ended) {
  if (began >= ended) return;
  add_pause_.run(session.mount, began, session.id, ended);
  if (!session.part().is_none())
    plays_.add_pause(session.mount, session.country, {began, ended}, 1);
}

// Of a session that begins (sign 1) or ceases to be in the performances of titles.
void AudienceMerge::add_pauses(const Session& session, int sign) {
  if (session.connections < 2 || (session.part().is_none() && sign > 0)) return;
  get_pauses_.bind(session.id);
  while (get_pauses_.step())
    plays_.add_pause(session.mount, session.country, {get_pauses_.number(0), get_pauses_.number(1)},
                     sign);
}

void AudienceMerge::turned(std::uint64_t before, std::uint64_t who) {
  if (turned_.size() >= kMaxTurned) turned_before_ = std::exchange(turned_, {});
  turned_[stored(before)] = stored(who);
}

std::int64_t AudienceMerge::number_after(std::int64_t who) const {
  for (const auto* known : {&turned_, &turned_before_})
    if (const auto at = known->find(who); at != known->end()) return at->second;
  return 0;
}

void AudienceMerge::end(std::int64_t journal, const ListeningEnded& row) {
  if (has_shifts_) drop_shift_.run(journal, row.begun);
  if (!get_open_.bind(journal, row.begun).step()) return;  // the row of its start was lost
  std::int64_t id = get_open_.number(0), began = get_open_.number(1);
  get_open_.reset();
  drop_open_.run(journal, row.begun);
  Session session;
  if (!read_session(id, session)) return;  // the session was deleted
  bool had_part = !session.part().is_none();
  plays_.add(session.mount, session.country, session.part(), -1);
  std::int64_t ended = std::max(began, row.at_ms), next_began = 0;
  const std::optional<Gap> gap = gap_around(session, ended);
  const std::int64_t next = gap ? 0 : session_after(session, ended, next_began);
  if (next != 0) ended = std::max(began, std::min(ended, next_began));
  if (gap) {
    began = std::max(began, gap->began);
    ended = std::max(began, std::min(ended, gap->ended));
  }
  auto bytes = static_cast<std::int64_t>(row.bytes);
  if (row.cut && bytes == 0)
    bytes = MountRates::bytes_in(ended - began, rates_.rate_of(session.mount));
  if (origin_ == Origin::kElsewhere)
    bytes = std::min(bytes, kBurstBytes + (ended - began) * kBytesAMs);
  session.open = std::max<std::int64_t>(session.open - 1, 0);
  session.heard += ended - began;
  session.bytes += bytes;
  session.ended = std::max(session.ended, ended);
  if (session.counted != 0) {
    sums_.heard(session.of(), began, ended, bytes);
    add_days(session, began, ended);
  } else {
    add_piece_.run(id, began, ended, bytes);
  }
  if (next != 0) {
    if (std::exchange(had_part, false)) add_pauses(session, -1);
    if (next_began > session.ended) add_pause_.run(session.mount, session.ended, id, next_began);
    join(session, next);
  }
  if (gap) {
    had_part = false;
    fill_gap(*gap, began, ended, session);
    id = session.id;
  }
  const bool heard_enough =
      session.heard >= kShortest && (session.bytes >= kFewest || row.cut);  // cut: bytes unknown
  // Players open and drop a second socket while the first one plays.
  const bool is_second = heard_enough && session.counted == 0 && session.heard < kOverlap &&
                         beside_recent_.first_number(session.mount, session.who, id, session.ended,
                                                     session.began) != 0;
  if (heard_enough && !is_second) count(session);
  if (session.open == 0) drop_until_.run(id);
  plays_.add(session.mount, session.country, session.part(), 1);
  if (const bool has_part = !session.part().is_none(); has_part != had_part)
    add_pauses(session, has_part ? 1 : -1);
  write_session(session);
  set_recent_.run(session.ended, session.open, session.mount, session.who, id);
}

void AudienceMerge::end_open(std::int64_t session, std::int64_t now_ms) {
  std::vector<std::pair<std::int64_t, std::uint64_t>> listenings;
  list_open_.bind(session);
  while (list_open_.step())
    listenings.emplace_back(list_open_.number(0), static_cast<std::uint64_t>(list_open_.number(1)));
  for (const auto& [journal, begun] : listenings)
    end(journal, {begun, by_its_clock(journal, begun, now_ms), 0, true});
  write_changes();
}

void AudienceMerge::write_changes() {
  sums_.write();
  plays_.write();
}

void AudienceMerge::forget_changes() {
  sums_.forget();
  plays_.forget();
}

// Adds the session to the sums, with the parts heard so far.
void AudienceMerge::count(Session& session) {
  if (session.counted != 0 || session.kind != 0) return;
  session.counted = 1;
  while (get_pieces_.bind(session.id).step()) {
    do {
      const std::int64_t began = get_pieces_.number(0), ended = get_pieces_.number(1);
      sums_.heard(session.of(), began, ended, get_pieces_.number(2));
      add_days(session, began, ended);
    } while (get_pieces_.step());
    drop_pieces_.run(session.id);
  }
  sums_.sessions(session.of(), session.began, 1);
  add_person(session, session.began / kDayMs);
}

void AudienceMerge::add_person(const Session& session, std::int64_t day) {
  add_seen_.run(day, session.mount, session.who);
  if (database_.changes() > 0) add_audience_.run(session.mount, day);
}

// Of the days (UTC) that a part of the session touches; the first is counted with the session.
void AudienceMerge::add_days(const Session& session, std::int64_t began, std::int64_t ended) {
  const std::int64_t first = session.began / kDayMs, last = (ended - 1) / kDayMs;
  for (std::int64_t day = began / kDayMs; day <= last; ++day) {
    if (day == first) continue;
    // By the key of the day this person has another number, and may have come a second time.
    const std::int64_t after = number_after(session.who);
    if (after != 0 && is_seen_.first_number(day, session.mount, after) != 0)
      add_seen_.run(day, session.mount, session.who);
    add_person(session, day);
    if (after != 0) add_seen_.run(day, session.mount, after);
  }
}

bool AudienceMerge::read_session(std::int64_t id, Session& session) {
  if (!get_session_.bind(id).step()) return false;
  session.id = id;
  std::int64_t* const numbers[] = {&session.mount, &session.who,   &session.began,
                                   &session.ended, &session.heard, &session.bytes};
  int column = 0;
  for (std::int64_t* number : numbers) *number = get_session_.number(column++);
  session.country = get_session_.text(column++);
  std::int64_t* const more[] = {&session.player, &session.way,         &session.kind,
                                &session.open,   &session.connections, &session.counted};
  for (std::int64_t* number : more) *number = get_session_.number(column++);
  get_session_.reset();
  if (const std::int64_t until = session.open > 0 ? get_until_.first_number(id) : 0; until != 0)
    session.until = until;
  return true;
}

void AudienceMerge::write_session(const Session& session) {
  set_session_.run(session.who, session.ended, session.heard, session.bytes, session.kind,
                   session.open, session.connections, session.counted, session.id);
}

}  // namespace lb
