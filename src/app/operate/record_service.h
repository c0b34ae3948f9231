// RecordService: the records of the store in the running server: loads and watches them, overlays
// the configuration with them, publishes logins and bans, and plans, commits and answers changes by
// the API.
//
// The clerk makes a plan from the present book; it is committed with the revisions that it read.
// After a conflict all that was written must have arrived before the next plan: a quota is the sum
// of all records, not only of the compared ones.  At this server changes of one account run one
// after the other.  A change is answered when it is durable and in force here.
// Thread: control, except for the part marked "any thread".
// Ownership: Services.
// Bounds: the requests under way, by PlanTurns.
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
#include "app/operate/api_orders.h"
#include "app/operate/api_sight.h"
#include "app/operate/ban_sweep.h"
#include "app/operate/bitrate_watch.h"
#include "app/operate/key_records.h"
#include "app/operate/life_record.h"
#include "app/operate/mount_moves.h"
#include "app/operate/usage_records.h"
#include "auth/guard/ban_list.h"
#include "config/settings/mount_book.h"
#include "registry/registry.h"

namespace lb {

struct ApiWorld;
class FormerOwners;
class PlanTurns;
template <class T>
struct BookRow;
class CertificateRecords;
struct Config;
class LogoutRecords;
struct MountRecord;
enum class MoveStep : std::uint8_t;
class RecordBook;
struct RecordJob;
struct Services;
class Sqlite;

// The book at one moment.
struct RecordView {
  std::shared_ptr<const RecordBook> book;
  std::string unread = {};  // why the records are unknown, or ""
};

class RecordService {
 public:
  // Another master may win many times in a row while both make hundreds of changes.
  static constexpr int kAttempts = 32;
  // The number of attempts that a conflict costs if its writes do not arrive within kCatchUp.
  static constexpr int kAttemptsOfSilence = 8;
  // How long a start waits for the store before it accepts connections without records.
  static constexpr std::chrono::seconds kStartPatience{10};
  // How long a start waits after a first failure, to allow for a second and third attempt.  For
  // files that another server still locks it waits kStartPatience.
  static constexpr std::chrono::milliseconds kUnreadPatience{1500};
  // How long an answer waits until its durable change is in force here.
  static constexpr std::chrono::seconds kApplyPatience{2};
  // How long a request waits for another master's writes.
  static constexpr std::chrono::seconds kCatchUp{1};

  explicit RecordService(Services& services);
  ~RecordService();

  // At the start.  Calls `ready` once: when the records are in force, the store is unreadable or
  // not configured, or kStartPatience is over.
  void begin(const Config& config, UniqueFunction<void()> ready);
  void reload();  // reads files that were edited by hand
  void stop();
  // On a server without a store: all settings from its masters, before the loops start, then their
  // changes.
  MountRecords restore(const RegistryContent& content);
  // replaced: names of its records that are of another store than those in force.
  void follow(RegistryChange change, const std::vector<std::string>& replaced);

  // -- of a hand-over
  // Ends changes under way and holds later ones; then calls `then`: "", or why some do not end.
  void rest(UniqueFunction<void(std::string why)> then);
  void go_on();
  // The store's records; nullopt: no store, or not read yet.
  std::optional<RegistryContent> content() const;
  std::optional<std::uint64_t> known_revision() const;  // of content()
  void let_store_go();
  void keep_store();
  // Answers the held requests: nothing was written.
  void hand_over();
  // Puts the previous process's records into force, before the store is read and anything runs.
  void take_over(const RegistryContent& content);
  // Takes later changes of these records.
  void take_over(const RegistryChange& change);

  // The keys that sign sessions have changed.
  void keys_changed() { keys_.check(); }
  // The listeners of a mount, the first kMaxListeners of each node; null: too many queries.
  static constexpr std::size_t kMaxListeners = 500;
  void query_listeners(const std::string& mount, ApiSight::Then then);
  // Publishes this server's counts of accounts to other masters of the store.
  void share_usage(const UsageBook& own);
  // Announces the notices that no other master announces: of several masters with one store, the
  // first to record a notice announces it.
  void claim_usage(const std::vector<UsageNotice>& notices, UsageRecords::Announce announce);
  // Answers a request that may change something, or that needs the running servers; calls `done`
  // once, on control.
  void run(ApiTask task, UniqueFunction<void(ApiOutcome)> done);
  void audit(const ApiTask& task, const Plan& plan, const RecordBook& book,
             std::string result) const;
  // nullopt: no store.
  std::optional<RegistryState> store_state() const;

  // -- any thread --------------------------------------------------------------------------------
  std::shared_ptr<const RecordView> view() const { return view_.read(); }
  // For threads that check every request.
  SnapshotReader<BanList> read_bans() const { return SnapshotReader<BanList>(bans_); }
  // The Unix time that judges bans: without a store by the masters' clock, as they made the bans.
  std::int64_t time_of_bans() const;
  ApiWorld world(const Config& config) const;
  // Why the records are unknown; nullopt: they are known, or there is no store.
  std::optional<Problem> unread() const;
  // Answers a reading request from the present view.
  ApiOutcome read(const Endpoint& endpoint, const ApiRequest& request, const ApiCaller& who) const;
  // Reads the audience, on its database's thread; null: the database is unusable, and why.
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
  // Takes the store's records, read on the clerk.
  void opened(std::shared_ptr<const RecordBook> book, const std::vector<std::string>& complaints);
  // A few records are read at once; many on the clerk, and later changes after them.
  void changed(RegistryChange change);
  void read_more();
  void publish(std::shared_ptr<const RecordBook> book, bool first);
  // The records of this revision are in force: continues the jobs that wait for them.
  void laid(std::uint64_t revision);
  void at_rest();  // if nothing is under way
  void note_unread(std::string why);
  void wait_less(const Error& error);
  void end_of_start();
  void check(const JobPtr& job);
  void plan(const JobPtr& job);
  void make_plan(const JobPtr& job);  // its turn has come
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
  // Plans again when the book has the revisions that this conflict has shown.
  void plan_after_conflict(const JobPtr& job, const CommitAnswer& answer);
  void plan_those_behind();
  void step_of_move(const BookRow<MountRecord>& row, MoveStep step);
  void kick(const Ban& ban);
  // Notes sources without a mount or a login in `now`; they end when that is in force.
  void note_endings(const RecordBook& before, const RecordBook& now);
  void end_sources();
  void audit(const RecordJob& job, std::string result) const;
  Problem no_store() const;
  Problem read_only(const std::string& why = {}) const;
  void complain(const std::vector<std::string>& complaints);
  void publish_logins(const RecordBook& book);

  Services& services_;
  std::unique_ptr<Registry> registry_;  // null: no store
  Snapshot<RecordView> view_;
  Snapshot<BanList> bans_;
  std::set<std::string> made_under_way_;  // Idempotency-Keys
  const std::unique_ptr<PlanTurns> turns_;
  std::uint64_t laid_revision_ = 0;
  struct Ending {
    std::uint64_t revision;
    std::string mount, user;  // user "": any login
  };
  std::vector<Ending> endings_;
  const std::unique_ptr<FormerOwners> formers_;
  std::deque<Applying> applying_;
  UniqueFunction<void()> ready_;
  bool stopped_ = false;
  bool taken_over_ = false;          // the previous process's records are in force
  std::vector<JobPtr> before_open_;  // commits that wait for the store
  bool rests_ = false;
  UniqueFunction<void(std::string)> when_at_rest_;
  std::vector<std::pair<ApiTask, UniqueFunction<void(ApiOutcome)>>> resting_;  // requests
  bool failed_ = false;  // to load, at the start
  LifeRecord life_;
  KeyRecords keys_;
  std::unique_ptr<CertificateRecords> certificates_;
  std::unique_ptr<LogoutRecords> logouts_;
  BanSweep ban_sweep_;
  UsageRecords usages_;
  bool shared_ = false;             // other masters may use the store
  std::atomic<bool> seals_{false};  // from begin() on: the store is sealed
  BitrateWatch bitrates_;
  ApiSight sight_;
  ApiOrders orders_;
  MountMoves moves_;
  JobPtr placing_;  // the job that chooses a home now
  std::deque<JobPtr> to_place_;
  // Accounts that a request under way writes, and the requests that wait for them.
  std::map<std::string, std::deque<JobPtr>, std::less<>> held_accounts_;
  // A request with a conflict, until the book has the revisions found.
  struct Behind {
    JobPtr job;
    std::vector<RegistryCompare> found;  // 0: absent
    SteadyTime until;
    bool is_sent(const RecordBook& book) const;
  };
  std::vector<Behind> behind_;
  bool reading_ = false;  // the clerk reads a change
  std::vector<RegistryChange> to_read_;
  std::vector<UniqueFunction<void()>> behind_reading_;  // commits that wait for to_read_
  Timer patience_, retry_, start_, catch_up_, rest_;
  std::array<std::atomic<std::uint64_t>, kStatuses> answers_{};
  std::set<std::string> replaced_;  // see follow(); until the records are read
};

}  // namespace lb
