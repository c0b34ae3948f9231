// RecordService: the records of the store in the running server: they are loaded, watched and laid
// over the configuration; logins and bans are published from them; requests of the API that change
// something are planned, committed and answered.
//
// A plan is made on the clerk from the book of that moment and committed with the revisions that it
// saw.  After a conflict the watch has to tell what was written, all of it, before the next plan: a
// quota is the sum over all records, not over those that were compared.  At this server changes of
// one account go one after the other.  An answer leaves when its change is durable and in force
// here.
// Thread: control, except what says "any thread".
// Ownership: Services.
// Bounds: kMaxWaiting requests under way.
// Source: doc/stores.md, doc/api.md.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "api/endpoints.h"
#include "api/request/plan.h"
#include "api/request/record_book.h"
#include "app/operate/api_orders.h"
#include "app/operate/api_sight.h"
#include "app/operate/ban_sweep.h"
#include "app/operate/bitrate_watch.h"
#include "app/operate/certificate_records.h"
#include "app/operate/key_records.h"
#include "app/operate/life_record.h"
#include "app/operate/logout_records.h"
#include "app/operate/mount_moves.h"
#include "app/operate/usage_records.h"
#include "auth/guard/ban_list.h"
#include "registry/registry.h"

namespace lb {

struct Config;
struct RecordJob;
struct Services;
class Sqlite;

// The book of one moment.
struct RecordView {
  std::shared_ptr<const RecordBook> book;
  std::string unread = {};  // why nothing is known of the store's records; "": they are known
};

class RecordService {
 public:
  static constexpr std::size_t kMaxWaiting = 256;
  // Another master may win many times in a row while both make hundreds.
  static constexpr int kAttempts = 32;
  // What a conflict costs of them where the watch has not told of it within kCatchUp.
  static constexpr int kAttemptsOfSilence = 8;
  // How long a start waits for the store before it takes connections without records.
  static constexpr std::chrono::seconds kStartPatience{10};
  // The same after a first failure, for a second and a third one; but for files that another server
  // still has.
  static constexpr std::chrono::milliseconds kUnreadPatience{1500};
  // How long an answer waits for its change to be in force here; it is durable by then.
  static constexpr std::chrono::seconds kApplyPatience{2};
  // How long a request waits to see what another master has written.
  static constexpr std::chrono::seconds kCatchUp{1};

  explicit RecordService(Services& services);
  ~RecordService();

  // At the start.  `ready` is called once: when the records are in force, when the store cannot be
  // read, when there is none, or when kStartPatience is over.
  void begin(const Config& config, UniqueFunction<void()> ready);
  void reload();  // files that were edited by hand are read
  void stop();
  // On a server without a store, what its masters say: all of it, before the loops start, and then
  // what changes.
  MountRecords restore(const RegistryContent& content);
  void follow(RegistryChange change);

  // -- of a hand-over
  // Changes under way end, and later ones wait; then: "", or why they do not end.
  void rest(UniqueFunction<void(std::string why)> then);
  void go_on();
  // What the store has; nullopt: there is none, or it has not been read.
  std::optional<RegistryContent> content() const;
  std::optional<std::uint64_t> known_revision() const;  // of that
  void let_store_go();
  void keep_store();
  // Those that wait are answered: nothing was written.
  void hand_over();
  // What another process knew is in force before the store is read, and before anything runs.
  void take_over(const RegistryContent& content);
  // What has changed since.
  void take_over(const RegistryChange& change);

  // The keys that sign sessions are other ones.
  void keys_changed() { keys_.check(); }
  // The listeners of a mount, the first kMaxListeners of each node; null: too many ask just now.
  static constexpr std::size_t kMaxListeners = 500;
  void query_listeners(const std::string& mount, ApiSight::Then then);
  // What this server has counted of accounts: other masters of the store are to know it.
  void share_usage(const UsageBook& own);
  // Where masters share a store, one of them tells: this one, when it has written that down.
  void claim_usage(const std::vector<UsageNotice>& notices, UsageRecords::Announce announce);
  // Answers a request that may change something, or that asks for what runs; `done` is called once,
  // on control.
  void run(ApiTask task, UniqueFunction<void(ApiOutcome)> done);
  // nullopt: there is no store.
  std::optional<RegistryState> store_state() const;

  // -- any thread --------------------------------------------------------------------------------
  std::shared_ptr<const RecordView> view() const { return view_.read(); }
  // For a thread that asks at every request.
  SnapshotReader<BanList> read_bans() const { return SnapshotReader<BanList>(bans_); }
  // Unix seconds by which a ban is over: without a store by the clock of the masters, which set it.
  std::int64_t time_of_bans() const;
  ApiWorld world(const Config& config) const;
  // Nothing is known of the store's records, and why; nullopt: they are known, or there is no
  // store.
  std::optional<Problem> unread() const;
  // Answers what only reads, from the view of this moment.
  ApiOutcome read(const Endpoint& endpoint, const ApiRequest& request, const ApiCaller& who) const;
  // Of the audience, on the thread of its database; null: it cannot be used, and why.
  ApiOutcome read_audience(
      const ApiTask& task, Sqlite* database, const std::string& why,
      std::optional<std::pair<std::uint64_t, std::uint64_t>> who = std::nullopt) const;
  static constexpr std::size_t kStatuses = 600;
  void count(int status) noexcept {
    if (status >= 0 && static_cast<std::size_t>(status) < kStatuses)
      answers_[static_cast<std::size_t>(status)].fetch_add(1, std::memory_order_relaxed);
  }
  std::uint64_t counted(int status) const noexcept {
    return answers_[static_cast<std::size_t>(status)].load(std::memory_order_relaxed);
  }

 private:
  using JobPtr = std::shared_ptr<RecordJob>;
  struct Applying {
    std::uint64_t revision = 0;
    SteadyTime until;
    JobPtr job;
  };

  void load();
  void loaded(Result<RegistryContent> content);
  MountRecords begin_with(std::shared_ptr<const RecordBook> book,
                          const std::vector<std::string>& complaints);
  // The store has been read, on the clerk.
  void opened(std::shared_ptr<const RecordBook> book, const std::vector<std::string>& complaints);
  // Few records are read at once; many on the clerk, and what changes meanwhile behind them.
  void changed(RegistryChange change);
  void read_more();
  void publish(std::shared_ptr<const RecordBook> book, bool first);
  // The records of this revision are in force; what waits for that goes on.
  void laid(std::uint64_t revision);
  void at_rest();  // if it is
  void note_unread(std::string why);
  void wait_less(const Error& error);
  void end_of_start();
  void check(const JobPtr& job);
  void plan(const JobPtr& job);
  void planned(const JobPtr& job);
  void ordered(const JobPtr& job);
  void commit(const JobPtr& job);
  void committed(const JobPtr& job, CommitAnswer answer);
  bool answer_from_made(const JobPtr& job, std::span<const RegistryRecord> records);
  void wait_until_laid(const JobPtr& job, std::uint64_t revision);
  void settle_applied();
  void finish(const JobPtr& job, ApiOutcome answer);
  // A request that chooses a home waits for the one before it; true: it waits.
  bool waits_to_place(const JobPtr& job);
  void placed(const JobPtr& job);  // or it will not be
  // A request that writes an account waits for the one before it; true: it waits.
  bool waits_for_account(const JobPtr& job);
  void release_account(const JobPtr& job);
  // Plans again when the book has what this conflict has shown.
  void plan_after_conflict(const JobPtr& job, const CommitAnswer& answer);
  void plan_those_behind();
  void step_of_move(const BookRow<MountRecord>& row, MoveStep step);
  void kick(const Ban& ban);
  // Sources whose mount or whose login is in `before` and no longer in `now` end when that is laid.
  void note_endings(const RecordBook& before, const RecordBook& now);
  void end_sources();
  void audit(const RecordJob& job, std::string result) const;
  void audit(const ApiTask& task, const Plan& plan, const RecordBook& book,
             std::string result) const;
  Problem no_store() const;
  Problem read_only(const std::string& why = {}) const;
  void complain(const std::vector<std::string>& complaints);
  void publish_logins(const RecordBook& book);

  Services& services_;
  std::unique_ptr<Registry> registry_;  // null: no store
  Snapshot<RecordView> view_;
  Snapshot<BanList> bans_;
  std::set<std::string> made_under_way_;  // keys of requests
  std::size_t waiting_ = 0;
  std::uint64_t laid_revision_ = 0;
  struct Ending {
    std::uint64_t revision;
    std::string mount, user;  // "": whatever its login is
  };
  std::vector<Ending> endings_;
  std::deque<Applying> applying_;
  UniqueFunction<void()> ready_;
  bool stopped_ = false;
  bool taken_over_ = false;  // what is known comes from the process before, until the store is read
  std::vector<JobPtr> before_open_;  // commits that wait for that
  bool rests_ = false;
  UniqueFunction<void(std::string)> when_at_rest_;
  std::vector<std::pair<ApiTask, UniqueFunction<void(ApiOutcome)>>> resting_;  // requests
  bool failed_ = false;  // to load, at the start
  LifeRecord life_;
  KeyRecords keys_;
  CertificateRecords certificates_;
  LogoutRecords logouts_;
  BanSweep ban_sweep_;
  UsageRecords usages_;
  bool shared_ = false;             // other masters may have the store
  std::atomic<bool> seals_{false};  // from begin() on: the store has a key
  BitrateWatch bitrates_;
  ApiSight sight_;
  ApiOrders orders_;
  MountMoves moves_;
  JobPtr placing_;  // the one that chooses a home
  std::deque<JobPtr> to_place_;
  // Accounts that a request under way writes, with those that wait for it.
  std::map<std::string, std::deque<JobPtr>, std::less<>> held_accounts_;
  // A request whose write conflicted, until the book has what was found.
  struct Behind {
    JobPtr job;
    std::vector<RegistryCompare> found;  // 0: absent
    SteadyTime until;
    bool is_sent(const RecordBook& book) const;
  };
  std::vector<Behind> behind_;
  bool reading_ = false;  // the clerk reads a change
  std::vector<RegistryChange> to_read_;
  std::vector<UniqueFunction<void()>> behind_reading_;  // commits whose change is not told yet
  Timer patience_, retry_, start_, catch_up_, rest_;
  std::array<std::atomic<std::uint64_t>, kStatuses> answers_{};
};

}  // namespace lb
