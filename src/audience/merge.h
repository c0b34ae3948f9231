// AudienceMerge: makes sessions and sums of journal rows, each row once.
//
// A transaction has the rows of a batch and the number of the last one, so repeated rows are
// ignored.
//
// A session is what one listener hears of one mount with pauses of at most `window`, on any nodes.
// Two simultaneous connections are two listeners behind one address, unless the second begins
// within kOverlap of the end of the first: a move.  A session shorter than kShortest, or with less
// than kFewest bytes, is a quick look: it is kept, but not in sums.  So are bots and relays.
// Thread: one, which may wait for the disk.
// Ownership: AudienceService.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "audience/database.h"
#include "audience/journal.h"
#include "audience/play_changes.h"
#include "audience/sums.h"

namespace lb {

class AudienceMerge {
 public:
  static constexpr std::int64_t kOverlap = 10'000, kShortest = 5'000;  // ms
  static constexpr std::int64_t kFewest = 65'536;                      // bytes
  // A reported title equals a known one within this time.
  static constexpr std::int64_t kSameTitle = 60'000;     // ms
  static constexpr std::size_t kMaxTurned = 10'000;      // twice: the newest, and those before
  static constexpr std::size_t kMaxTitlesKept = 40'000;  // titles of mounts, by journals
  // A listening at another server may have these bytes at most: a burst, and 100 Mbit/s.
  static constexpr std::int64_t kBurstBytes = 16 << 20, kBytesAMs = 12'500;
  static constexpr std::int64_t kMaxJournals = 1000;  // of a node, which begins one with each start
  static constexpr std::int64_t kMaxMounts = 20'000;  // above it other servers add no new ones
  static constexpr std::int64_t kShiftMs = 5'000;     // differences of clocks that are corrected

  // REQUIRES: the tables of open_audience_database()
  AudienceMerge(Sqlite& database, std::chrono::seconds window);

  // Mounts for which this is true are added above kMaxMounts too.
  void set_configured(std::function<bool(const std::string&)> is_configured) {
    is_configured_ = std::move(is_configured);
  }
  struct Merged {
    std::uint64_t seen = 0;     // rows up to this number are in the database
    std::uint64_t added = 0;    // rows
    std::uint64_t missing = 0;  // rows that never came, before the first one
    std::uint64_t unnamed = 0;  // listenings and titles left out: above kMaxMounts
    std::uint32_t changes = 0;  // database rows written for these
  };
  // kElsewhere: another server, which may name a limited number of mounts, and repeats titles.
  enum class Origin : std::uint8_t { kHere, kElsewhere };
  // now_ms: the server is up at that time; 0: not stored.  ahead_ms: its clock less ours.
  Result<Merged> take(const std::string& node, const JournalBatch& batch,
                      Origin origin = Origin::kHere, std::int64_t now_ms = 0,
                      std::int64_t ahead_ms = 0);
  // The clock of this server was set by this much.  shifted: all such listenings of its journal.
  Result<void> clock_set(const std::string& node, const std::string& epoch,
                         const std::vector<ShiftedListening>& shifted, std::int64_t set_ms);
  // Bytes a second of the streams of mounts.
  using Rates = std::map<std::string, std::int64_t>;
  // These servers, whose newest journals go on, are up at that time.
  Result<void> nodes_seen(const std::vector<std::string>& nodes, std::int64_t at_ms,
                          const Rates& rates = {});
  // Titles are counted without listenings of servers that are gone, from their last sign until they
  // return.
  Result<bool> pause_gone(std::int64_t now_ms);
  // Ends listenings of journals that can send no more valid rows, or that their servers have
  // replaced, at the server's last sign.
  Result<bool> end_gone(std::int64_t now_ms);
  // Ends the open listenings of this session now, with the time heard; their bytes are estimated.
  // REQUIRES: a transaction, which counts the additions.
  void end_open(std::int64_t session, std::int64_t now_ms);
  // When rows older than kPersonKnownMs last came, by take()'s now_ms; 0: never.
  std::int64_t late_ms() const noexcept { return late_ms_; }

 private:
  static bool is_past(std::int64_t way) {
    return way == static_cast<std::int64_t>(ListeningWay::kPast);
  }
  struct Session {
    std::int64_t id = 0, mount = 0, who = 0, began = 0, ended = 0, heard = 0, bytes = 0;
    std::int64_t player = 0, way = 0, kind = 0, open = 0, connections = 0, counted = 0;
    std::int64_t until = PlayChanges::kGoesOn;  // while open: the time that titles have counted
    std::string country;

    AudienceSums::Of of() const { return {mount, player, country}; }
    // Its part in the performances of titles.  Those of the past were other titles.
    PlayChanges::Part part() const {
      if (kind != 0 || is_past(way) || (open == 0 && counted == 0)) return {};
      return {began, open > 0 ? until : ended};
    }
  };
  struct Journal {
    std::int64_t id = 0, seen = 0;
  };
  Journal journal_of(const std::string& node, const std::string& epoch);
  // 0: unknown, and may not be added.
  template <class MayAdd>
  std::int64_t id_of(std::map<std::string, std::int64_t>& known, Statement& find, Statement& add,
                     const std::string& name, MayAdd may_add);
  std::int64_t mount_of(const std::string& name);  // 0: there are too many; counted in unnamed_
  bool is_known_title(std::int64_t mount, const TitleBegun& row);
  // The mount's last title up to that time; id 0: none.
  struct Play {
    std::int64_t id = 0, began = 0, ended = 0;  // ended 0: it goes on
    std::string title;
    bool counted = false;
  };
  Play last_play(std::int64_t mount, std::int64_t at_ms);
  // Reopens the last play: its title is reported again within a minute of its end, as by an encoder
  // that reconnects.
  void take_up_again(std::int64_t journal, std::int64_t mount, const TitleBegun& row);
  // Ends the mount's play, unless another journal continues it.
  void title_ended(std::int64_t journal, std::int64_t mount, std::int64_t at_ms);
  bool goes_on_elsewhere(std::int64_t journal, std::int64_t mount, const Play& play,
                         std::int64_t at_ms) const;
  bool is_forgotten(const ListeningBegun& row);
  void begin(std::int64_t journal, std::uint64_t number, const ListeningBegun& row);
  void shift_start(std::int64_t journal, std::uint64_t number, std::int64_t ms);
  // This moment of our clock, by the clock of the start of this open listening.
  std::int64_t by_its_clock(std::int64_t journal, std::uint64_t begun, std::int64_t at_ms);
  void end(std::int64_t journal, const ListeningEnded& row);
  void pause(const Session& session, std::int64_t began, std::int64_t ended);
  void add_pauses(const Session& session, int sign);
  // The server of the journal is back: titles count its open listenings again.
  void resume(std::int64_t journal, std::int64_t now_ms);
  // Rows after this one never come.
  void rows_lost(std::int64_t journal, std::uint64_t last);
  void count_until(std::int64_t session, std::int64_t at_ms, bool lost);
  // In the transaction, or after its rollback.
  void write_changes();
  void forget_changes();
  void title(std::int64_t journal, const TitleBegun& row);
  void song(const SongDescribed& row);
  // A person's numbers by the keys of two days, for rows of two nodes that arrive in another order
  // than they happened.  Only in memory, because they connect two days.
  void turned(std::uint64_t before, std::uint64_t who);
  std::int64_t number_after(std::int64_t who) const;  // 0: not known
  // The session that this row continues; 0: none.
  std::int64_t session_before(std::int64_t mount, const ListeningBegun& row, std::int64_t& who,
                              std::int64_t& ended);
  bool read_session(std::int64_t id, Session& session);
  void write_session(const Session& session);
  std::int64_t session_after(const Session& session, std::int64_t ended, std::int64_t& began);
  // A pause of another session of the same listener.
  struct Gap {
    std::int64_t session = 0, began = 0, ended = 0;
  };
  std::optional<Gap> gap_around(const Session& session, std::int64_t ended);
  void fill_gap(const Gap& gap, std::int64_t began, std::int64_t ended, Session& session);
  void join(Session& session, std::int64_t next);
  void count(Session& session);
  void add_person(const Session& session, std::int64_t day);
  void add_days(const Session& session, std::int64_t began, std::int64_t ended);
  void know_again(std::int64_t mount, const ListeningBegun& row);

  Sqlite& database_;
  const std::int64_t window_;
  AudienceSums sums_;
  MountRates rates_;
  PlayChanges plays_;
  Origin origin_ = Origin::kHere;           // of the batch
  bool several_ = false;                    // rows came from several servers
  std::int64_t now_ms_ = 0, ahead_ms_ = 0;  // of the batch
  bool has_shifts_ = false;                 // open_shift has rows
  std::int64_t late_ms_ = 0;
  std::uint64_t unnamed_ = 0;  // of the batch
  std::function<bool(const std::string&)> is_configured_;
  std::map<std::string, std::int64_t> mounts_, players_;
  std::unordered_map<std::int64_t, std::int64_t> turned_, turned_before_;
  // The newest title of a mount in each journal.
  struct Told {
    std::size_t title = 0;  // its hash
    std::int64_t at_ms = 0;
  };
  std::map<std::pair<std::int64_t, std::int64_t>, Told> told_;  // by mount and journal
  Statement find_journal_, add_journal_, trim_journals_, set_seen_, find_mount_, add_mount_,
      find_player_, add_player_, add_session_, get_session_, set_session_, drop_session_,
      find_recent_, add_recent_, set_recent_, drop_recent_, after_recent_, beside_recent_,
      add_open_, get_open_, drop_open_, list_open_, move_open_, add_piece_, get_pieces_,
      move_pieces_, drop_pieces_, add_pause_, get_pauses_, move_pauses_, find_gap_, drop_pause_,
      is_seen_, add_seen_, add_audience_, end_play_, add_play_, put_song_, same_play_, next_play_,
      last_play_, reopen_play_, count_mounts_, forgotten_, sums_marked_, see_journal_,
      newest_journal_, journal_seen_, paused_of_, open_of_, newest_open_, get_until_, set_until_,
      drop_until_, set_shift_, get_shift_, drop_shift_;
};

}  // namespace lb
