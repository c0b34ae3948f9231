// AudienceService: passes the listenings of this server to the database.
//
// begin() notes the start of a listening, its notice the end.  The rows go to the journal on one
// thread, each kFlushPause in one write, and from there in batches to the database on another: a
// report that takes seconds delays no write.  A database that fails is tried again each
// kRetryPause; the rows wait in the journal.
//
// If a master has the database, the rows go there instead, one book at a time: the next one follows
// the acknowledgment.  The master's name is written to a file before the first row is sent, so that
// rows that may be in one database are never sent to another.
// Thread: control, except for the part marked "any thread".
// Ownership: Services; it ends after all holders of its notices.
// Bounds: Journal::Limits; kRoom for waiting reports.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "api/request/lane_room.h"
#include "app/process/io_thread.h"
#include "audience/book_budget.h"
#include "audience/database.h"
#include "audience/day_keys.h"
#include "audience/journal.h"
#include "audience/merge.h"
#include "audience/session_spool.h"
#include "audience/settings.h"
#include "audience/upkeep.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rate_limit.h"
#include "base/unique_fd.h"
#include "stream/listener/end_notice.h"
#include "stream/listener/listener.h"

namespace lb {

struct BookFrame;
struct BookedFrame;
struct Config;
struct Runtime;

// The facts of a new listening, from its request.
struct ListeningFacts {
  std::string mount, address, agent, referer, user, country;
  ListenerKind kind = ListenerKind::kPerson;
  ListeningWay way = ListeningWay::kStream;
  bool cached = false;  // by HLS, through a proxy that may answer some of its requests
};

class AudienceService {
 public:
  static constexpr std::chrono::milliseconds kFlushPause{100};
  static constexpr std::chrono::seconds kAlivePause{1}, kRetryPause{5}, kUpkeepPause{60},
      kSuspend{5};
  static constexpr std::size_t kBatch = 4096;
  static constexpr LaneRoom::Limits kRoom{.inside = 64, .of_customers = 48, .of_lane = 16};
  // A node is read no faster than NodeSession::kBytesASecond, and its LOADs must not be late: a
  // book uses the link for at most two thirds of the time, even at a slow master.
  static constexpr std::size_t kBookBytes = 48 * 1024;
  static constexpr std::chrono::milliseconds kBookPause{25};
  static constexpr std::chrono::seconds kBookPatience{10};
  static constexpr std::chrono::minutes kKeysPause{10};  // for a master that has sent none

  explicit AudienceService(Runtime& runtime);
  ~AudienceService();

  // At the start; later changes of the configuration need a restart.
  void start(const Config& config);
  void stop();  // all listeners have ended

  // -- rows over links ---------------------------------------------------------------------------
  enum class Way : std::uint8_t { kWait, kOwn, kMaster };
  // The stored name of the master that has the rows of this server; "": none.
  const std::string& master() const noexcept { return master_; }
  // False: the send failed.
  using Courier = std::function<bool(BookFrame)>;
  // master: the name for kMaster, to which the courier sends.
  void deliver_by(Way way, const std::string& master, Courier courier);
  bool sends_up() const noexcept { return sends_up_.load(std::memory_order_relaxed); }
  void master_linked();  // unacknowledged rows may be lost
  void booked(BookedFrame answer);
  // These nodes were linked until now, this server included, so their open listenings go on.
  // rates: bytes a second of streams.
  void nodes_seen(std::vector<std::string> nodes, AudienceMerge::Rates rates = {});
  // Merges a book of this node into the database here; calls `then` on control.  ahead: its clock
  // less ours; 0: not known.
  void take_book(const std::string& node, BookFrame book, std::chrono::milliseconds ahead,
                 std::function<void(BookedFrame)> then);

  // -- another process goes on with it -----------------------------------------------------------
  // Writes all rows to the disk, and no more until suspend() or resume(); then calls back on
  // control.  So suspend() does not wait for a disk that is busy.
  void rest(std::function<void()> then);
  // Writes all rows to the file, and no more until resume().
  struct Saved {
    JournalRecord journal;
    int fd = -1;
    std::uint64_t next_listening = 1;
  };
  Result<Saved> suspend();
  void resume();
  // After suspend(): gives up the copy of the database that is being made.
  void hand_over() noexcept { keeps_copying_.store(false, std::memory_order_relaxed); }
  // Takes over the file if the configuration of start() names it.  REQUIRES: before start()
  void take_up(JournalRecord journal, UniqueFd fd, std::uint64_t next_listening,
               std::optional<std::string> master);
  // The notice of a listening that began in the former process.
  std::unique_ptr<EndNotice> go_on(const ListeningMark& mark, std::unique_ptr<EndNotice> inner);

  // -- any thread --------------------------------------------------------------------------------
  bool on() const noexcept { return on_.load(std::memory_order_relaxed); }
  bool keeps_addresses() const noexcept { return keeps_addresses_; }
  std::uint64_t unsent_rows() const noexcept { return unsent_.load(std::memory_order_relaxed); }
  std::uint64_t merged_rows() const noexcept { return merged_.load(std::memory_order_relaxed); }
  std::uint64_t database_bytes() const;  // reads the disk; 0: no file
  // The listening ends with the returned notice; inner: the notice that it wraps.
  std::unique_ptr<EndNotice> begin(ListeningFacts facts, std::unique_ptr<EndNotice> inner);
  void title(const std::string& mount, const std::string& title, WallTime at);
  void song(const std::string& mount, const std::string& title, SongFacts facts);
  // Runs on the database's thread; a null database is unusable, because of `why`.  False: too many
  // wait, or of this lane (lane_room.h).
  using Work = UniqueFunction<void(Sqlite* database, const std::string& why)>;
  bool ask(const std::string& lane, Work work);
  // Whether the clock may judge what is old or over; on the database's thread.
  bool trusts_clock() { return clock_trust_.trusts(); }
  // False: a copy is being made already.  True: no other copy is made until end_copy().
  bool begin_copy() noexcept { return !copies_.exchange(true); }
  void end_copy() noexcept { copies_ = false; }
  // Like ask(), but on the thread of a copy, with another connection.  REQUIRES: begin_copy()
  bool copy(const std::string& lane, Work work);
  // Like ask(), but after all rows of this server so far, and with a listener's numbers
  // (day_keys.h).
  using WorkOf = UniqueFunction<void(DayKeys::Who who, Sqlite* database, const std::string& why)>;
  bool ask_of(const std::string& lane, ListeningFacts facts, WorkOf work);

 private:
  class Notice;
  void note_begin(std::uint64_t listening, std::int64_t at_ms, const ListeningFacts& facts);
  void note_end(const ListeningMark& mark, std::int64_t at_ms, std::uint64_t bytes);
  Result<void> open_files(const std::string& state);
  Result<void> begin_threads();
  Result<std::unique_ptr<Journal>> open_journal(const std::string& path);
  void load_keys();
  void trust_clock(const std::string& state);
  void delete_addresses(std::chrono::seconds keep);
  void note_clocks();
  void send_shift(std::int64_t set_ms);
  Result<void> shift_starts();
  void awaken();
  void write_addresses();
  Result<void> write();
  void flush();
  void alive();
  void deliver();
  void send_book();
  void wait(std::chrono::milliseconds pause);
  bool write_master();
  bool wants_keys();
  void save_keys();
  void delivered(const Result<AudienceMerge::Merged>& merged);
  bool acknowledge(std::uint64_t number);  // false: to be tried again
  void complain(const std::string& what);
  void report_lost();
  // The event of rows that the database will never have.  Any thread of the service.
  void publish_gap(const std::string& node, std::uint64_t rows, std::string_view why);
  Result<void> open_database();
  bool enter(const std::string& lane);
  void leave(const std::string& lane);
  struct Asked {
    std::string lane;
    Work work;
  };
  void answer_next();
  void answer(Asked asked);
  Result<void> begin_copier(UniqueFunction<void()> run);
  void run_copy(const std::string& lane, Work& work);
  Result<AudienceMerge::Merged> merge(const std::string& node, const JournalBatch& batch,
                                      AudienceMerge::Origin origin, std::int64_t ahead_ms = 0);
  BookedFrame merge_book(const std::string& node, const BookFrame& book, std::int64_t ahead_ms);
  void upkeep();
  std::int64_t now_ms() const;

  Runtime& runtime_;
  AudienceSettings settings_;
  KeptClockTrust clock_trust_;  // of the database's thread, after start()
  std::string node_, database_path_, master_path_, addresses_path_;
  std::string master_;
  std::atomic<bool> on_{false}, keeps_addresses_{false}, keeps_copying_{true}, sends_up_{false},
      copies_{false};
  std::atomic<std::uint64_t> next_listening_{1};
  std::mutex room_mutex_;
  LaneRoom room_{kRoom};
  std::deque<Asked> line_;
  std::atomic<std::uint64_t> unsent_{0}, merged_{0};
  IoThread journal_thread_, database_thread_;
  // Used on the journal's thread:
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<DayKeys> keys_;
  std::unique_ptr<SessionSpool> spool_;   // null: addresses are not kept
  std::vector<Journal::Notes::Cut> cut_;  // ends from the previous run
  Way way_ = Way::kWait;
  std::string sends_to_;  // the master; "": not stored yet
  bool unwritten_ = false;
  Courier courier_;
  std::uint64_t sent_last_ = 0;  // last number of the book under way …
  SteadyTime sent_at_{};         // … and its time
  bool ask_keys_ = false;        // the master's keys may have changed
  SteadyTime keys_asked_{};
  bool delivers_ = false;   // a batch is under way
  bool suspended_ = false;  // writes rest
  std::uint64_t lost_reported_ = 0, addresses_lost_ = 0;
  SteadyTime next_report_{};  // of lost rows
  RepeatGuard guard_;
  std::unique_ptr<Timer> flush_, alive_, retry_, unanswered_;
  // Used between take_up() and start():
  std::optional<JournalRecord> before_;
  std::optional<std::string> master_before_;
  UniqueFd fd_before_;
  // Used on the database's thread:
  std::unique_ptr<Sqlite> database_;
  std::unique_ptr<AudienceMerge> merge_;
  std::map<std::string, BookBudget> budgets_;  // by node, all of the configuration
  std::string why_;                            // why it is unusable
  SteadyTime tried_{};
  // Settings of the clock that the database does not have yet.
  struct Shift {
    std::string epoch;
    std::vector<ShiftedListening> shifted;
    std::int64_t set_ms = 0;
  };
  std::optional<Shift> shift_;
  std::unique_ptr<Timer> upkeep_;
  std::thread copier_;  // of the last copy
};

}  // namespace lb
