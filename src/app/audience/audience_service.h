// AudienceService: the listenings of this server on their way into the database.
//
// A listening is noted where it begins (begin()) and where its notice ends.  The rows go to the
// journal on a thread of its own, each kFlushPause in one write, and from there, in batches, to the
// database on another one: a report of seconds keeps no row from the disk.  A database that cannot
// be used is tried again each kRetryPause; the rows wait in the journal.
//
// Where a master of this server has the database the rows go there instead, a book at a time: the
// next one follows when the last one is acknowledged.  The name of that master is written to a file
// before the first row goes: rows that may be in one database are sent to no other.
// Thread: control, except what says "any thread".
// Ownership: Services; it ends behind those that hold its notices.
// Bounds: Journal::Limits; kMaxAsked reports wait.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/process/io_thread.h"
#include "audience/book_budget.h"
#include "audience/database.h"
#include "audience/day_keys.h"
#include "audience/journal.h"
#include "audience/merge.h"
#include "audience/session_spool.h"
#include "audience/settings.h"
#include "audience/upkeep.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "cluster/link/frame.h"
#include "stream/listener/end_notice.h"
#include "stream/listener/listener.h"

namespace lb {

struct Config;
struct Runtime;

// A listening that begins, as its request says.
struct ListeningFacts {
  std::string mount, address, agent, referer, user, country;
  ListenerKind kind = ListenerKind::kPerson;
  ListeningWay way = ListeningWay::kStream;
};

class AudienceService {
 public:
  static constexpr std::chrono::milliseconds kFlushPause{100};
  static constexpr std::chrono::seconds kAlivePause{1}, kRetryPause{5}, kUpkeepPause{60},
      kSuspend{5};
  static constexpr std::size_t kBatch = 4096, kMaxAsked = 16;
  // A node is read no faster than NodeSession::kBytesASecond, and its LOADs must not be late: a
  // book keeps the link for at most two thirds of the time, however slowly it is taken.
  static constexpr std::size_t kBookBytes = 48 * 1024, kBookFrame = kLongestFrame - 2048;
  static constexpr std::chrono::milliseconds kBookPause{25};
  static constexpr std::chrono::seconds kBookPatience{10};
  static constexpr std::chrono::minutes kKeysPause{10};  // of a master that has not told any

  explicit AudienceService(Runtime& runtime);
  ~AudienceService();

  // At the start; what is changed later waits for the next one.
  void start(const Config& config);
  void stop();  // nothing listens any more

  // -- rows over links ---------------------------------------------------------------------------
  enum class Way : std::uint8_t { kWait, kOwn, kMaster };
  // The master that has the rows of this server, as it is written down; "": none.
  const std::string& master() const noexcept { return master_; }
  // False: it could not be sent.
  using Courier = std::function<bool(BookFrame)>;
  // master: its name, of kMaster, at which the courier delivers.
  void deliver_by(Way way, const std::string& master, Courier courier);
  bool sends_up() const noexcept { return sends_up_.load(std::memory_order_relaxed); }
  void master_linked();  // what was sent before may be lost
  void booked(BookedFrame answer);
  // These nodes are linked, or were until now, and their journals go on; of this server too.
  void nodes_seen(std::vector<std::string> nodes);
  // A book of this node, for the database here; `then` is called on control.
  void take_book(const std::string& node, BookFrame book, std::function<void(BookedFrame)> then);

  // -- another process goes on with it -----------------------------------------------------------
  // All rows are in the file, and no other is written until resume().  Waits for the disk.
  struct Saved {
    JournalRecord journal;
    int fd = -1;
    std::uint64_t next_listening = 1;
  };
  Result<Saved> suspend();
  void resume();
  // Behind that: a copy of the database that is being made is given up.
  void hand_over() noexcept { keeps_copying_.store(false, std::memory_order_relaxed); }
  // REQUIRES: not started.  start() goes on with it where the configuration names that file.
  void take_up(JournalRecord journal, UniqueFd fd, std::uint64_t next_listening);
  // The notice of a listening that has begun there.
  std::unique_ptr<EndNotice> go_on(const ListeningMark& mark, std::unique_ptr<EndNotice> inner);

  // -- any thread --------------------------------------------------------------------------------
  bool on() const noexcept { return on_.load(std::memory_order_relaxed); }
  std::uint64_t unsent_rows() const noexcept { return unsent_.load(std::memory_order_relaxed); }
  std::uint64_t merged_rows() const noexcept { return merged_.load(std::memory_order_relaxed); }
  std::uint64_t database_bytes() const;  // asks the disk; 0: there is no file
  // The end of the notice that it returns is that of the listening; inner: what else waits for it.
  std::unique_ptr<EndNotice> begin(ListeningFacts facts, std::unique_ptr<EndNotice> inner);
  void title(const std::string& mount, const std::string& title, WallTime at);
  void song(const std::string& mount, const std::string& title, SongFacts facts);
  // On the thread of the database; null: it cannot be used, and why.  False: too many wait.
  using Work = UniqueFunction<void(Sqlite* database, const std::string& why)>;
  bool ask(Work work);
  // False: a copy of the database is under way; true: until end_copy() no other one is.
  bool begin_copy() noexcept { return !copies_.exchange(true); }
  void end_copy() noexcept { copies_ = false; }
  // The same behind the rows of this server so far, with the numbers of a listener (day_keys.h).
  using WorkOf = UniqueFunction<void(DayKeys::Who who, Sqlite* database, const std::string& why)>;
  bool ask_of(ListeningFacts facts, WorkOf work);

 private:
  class Notice;
  void note_begin(std::uint64_t listening, std::int64_t at_ms, const ListeningFacts& facts);
  void note_end(std::uint64_t listening, std::int64_t at_ms, std::uint64_t bytes);
  Result<std::unique_ptr<Journal>> open_journal(const std::string& path);
  void delete_addresses(std::chrono::seconds keep);
  void note_clocks();
  void awaken();
  void write_addresses();
  void flush();
  void alive();
  void deliver();
  void send_book();
  void wait(std::chrono::milliseconds pause);
  bool write_master();
  bool wants_keys();
  void save_keys();
  void delivered(const Result<AudienceMerge::Merged>& merged);
  void complain(const std::string& what);
  Result<void> open_database();
  bool may_ask();
  void ask_database(Work work);
  Result<AudienceMerge::Merged> merge(const std::string& node, const JournalBatch& batch,
                                      AudienceMerge::Origin origin);
  BookedFrame merge_book(const std::string& node, const BookFrame& book);
  void upkeep();
  std::int64_t now_ms() const;

  Runtime& runtime_;
  AudienceSettings settings_;
  std::string node_, database_path_, master_path_, addresses_path_;
  std::string master_;
  std::atomic<bool> on_{false}, keeps_copying_{true}, sends_up_{false}, copies_{false};
  std::atomic<std::uint64_t> next_listening_{1};
  std::atomic<std::size_t> asked_{0};
  std::atomic<std::uint64_t> unsent_{0}, merged_{0};
  IoThread journal_thread_, database_thread_;
  // Of the thread of the journal:
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<DayKeys> keys_;
  std::unique_ptr<SessionSpool> spool_;   // null: no address is kept
  std::vector<Journal::Notes::Cut> cut_;  // ends of the run before
  Way way_ = Way::kWait;
  std::string sends_to_;  // the master; "": it is not written down yet
  bool unwritten_ = false;
  Courier courier_;
  std::uint64_t sent_last_ = 0;  // the last number of the book that is under way …
  SteadyTime sent_at_{};         // … and when it went
  bool ask_keys_ = false;        // those of the master may be other ones now
  SteadyTime keys_asked_{};
  bool delivers_ = false;   // a batch is under way
  bool suspended_ = false;  // nothing is written
  std::uint64_t lost_reported_ = 0, addresses_lost_ = 0;
  RepeatGuard guard_;
  std::unique_ptr<Timer> flush_, alive_, retry_, unanswered_;
  // Between take_up() and start():
  std::optional<JournalRecord> before_;
  UniqueFd fd_before_;
  // Of the thread of the database:
  std::unique_ptr<Sqlite> database_;
  std::unique_ptr<AudienceMerge> merge_;
  std::map<std::string, BookBudget> budgets_;  // by node: these are of the configuration
  std::string why_;                            // it cannot be used
  SteadyTime tried_{};
  std::unique_ptr<Timer> upkeep_;
};

}  // namespace lb
