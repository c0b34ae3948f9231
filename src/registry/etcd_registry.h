// EtcdRegistry: a Registry in etcd 3.4 or later, by its v3 JSON gateway.
//
// Reads use memory, which one watch keeps up to date; a commit is one transaction.  While no member
// can write (no quorum, no member at all) commits are kUnavailable at once, and a probe each second
// finds the end of that.  A start without etcd uses the last good copy.
// If etcd refuses a write (its database is full, the login may not write), the registry is
// read-only, with etcd's words, until a probe is written.
// A prefix that has lost its `format` while records are held, or more records than a person deletes
// by hand (DeletionDoubt), was emptied or replaced by mistake: its state is not used.  Records and
// the copy stay, and nothing is written: every transaction compares `format`.
//
// Thread: control; the last good copy is written on the disk loop.
// Ownership: both loops and the log outlive it.
// Errors: as Registry.  A commit is given up after kCommitTime.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "net/loop/loop.h"
#include "registry/etcd_client.h"
#include "registry/etcd_text.h"
#include "registry/etcd_watch.h"
#include "registry/mirror.h"
#include "registry/registry.h"
#include "registry/settings.h"
#include "registry/store_copy.h"

namespace lb {

// EtcdLoader: reads everything below a prefix of etcd, page by page, at one revision.
// Ownership: the client outlives it; no callback follows its destruction.
// Bounds: kPage records an answer: etcd's own limit for one is 4 MiB; kCopyBytes in all.
class EtcdLoader {
 public:
  static constexpr std::uint64_t kPage = 40;
  struct Loaded {
    RegistryContent content;            // keys without the prefix, without `format`
    std::string format;                 // "": none
    std::uint64_t format_revision = 0;  // of the last write to it
    RegistryRecord deleted;             // of kDeletedKey: the last deletion by a master
    std::uint64_t deletions = 0;        // writes to it, or 0
    std::size_t foreign = 0;            // unknown or too large keys; not in the content
    std::string member;
  };
  using Done = UniqueFunction<void(Result<Loaded>)>;

  EtcdLoader(EtcdClient& client, std::string prefix)
      : client_(client), prefix_(std::move(prefix)) {}

  // One at a time: another start cancels the first.  `within`: for each page.
  void start(std::chrono::milliseconds within, bool impatient, Done done);

 private:
  void ask_page();
  void on_page(Result<EtcdAnswer> answer);
  void end(Result<Loaded> result);
  // Takes a record without the prefix, and the format.
  void take(RegistryRecord record);

  EtcdClient& client_;
  const std::string prefix_;
  std::chrono::milliseconds within_{};
  bool impatient_ = false;
  Done done_;
  Loaded loaded_;
  std::string next_key_;
  std::size_t bytes_ = 0;
  unsigned restarts_ = 0;
  std::shared_ptr<int> run_;  // of this start
};

// DeletionDoubt: whether to believe a deletion that no master of this program made.
//
// One wrong command can delete a whole store, and refusing one is cheap.  So a deletion from
// elsewhere is held back for kDoubt, and is believed if it is what a person does by hand: a few
// records.  More than kByHand records that listeners, sources and logins need, or all of one kind
// of them, are not believed.

// Numbers of mounts, users, accounts and API tokens, by class.
using RecordCounts = std::map<std::string, std::size_t, std::less<>>;
bool is_vital(std::string_view key);
void count_record(RecordCounts& counts, std::string_view key);
// Their sums of deletions.
void add_sum(RecordCounts& sums, const RegistryRecord& record);

class DeletionDoubt {
 public:
  static constexpr std::chrono::seconds kDoubt{3};
  static constexpr std::size_t kByHand = 3;

  void add(std::string key, std::uint64_t revision) { keys_[std::move(key)] = revision; }
  // The key was written again.
  void forget(const std::string& key) { keys_.erase(key); }
  void clear() { keys_.clear(); }
  bool empty() const noexcept { return keys_.empty(); }
  const std::map<std::string, std::uint64_t>& keys() const noexcept { return keys_; }
  RecordCounts counts() const;

 private:
  std::map<std::string, std::uint64_t> keys_;  // with the revisions of their deletion
};

// The deletions from `held`, in words, if they are too many; "": they are not.
std::string too_many_deleted(const RecordCounts& held, const RecordCounts& gone);

class EtcdRegistry final : public Registry {
 public:
  static constexpr std::chrono::seconds kCommitTime{5};
  static constexpr std::chrono::hours kLeaseRenewed{1};     // `made` may be kept this much longer
  static constexpr std::chrono::seconds kMembersAsked{10};  // for the etcd that they belong to

  EtcdRegistry(Loop& control, Loop& disk, StoreSettings settings, Log& log);
  ~EtcdRegistry() override;

  void load(UniqueFunction<void(Result<RegistryContent>)> done) override;
  void watch(std::uint64_t from, UniqueFunction<void(RegistryChange)> on_change) override;
  void commit(RegistryWrite write, UniqueFunction<void(CommitAnswer)> done) override;
  RegistryState state() const override;
  RegistryContent content() const override { return mirror_.content(); }
  // A write under way is executed once, by this process or the next, because of its compares.
  void rest(UniqueFunction<void()> then) override;

 private:
  struct Pending {
    RegistryWrite write;
    UniqueFunction<void(CommitAnswer)> done;
    SteadyTime from;
    bool lease_renewed = false;
    std::size_t sums = 0;  // the last puts and compares of the write are these
  };

  // Records held here that are not in the store, and that no master deleted.
  struct Missing {
    RecordCounts held, counts;
    std::vector<RegistryRecord> records;
  };
  // Why no write is possible.
  enum class Outage { kNone, kSilent, kRefused, kDisbelieved };

  void begin_load();
  // Now, or kLoadRetry after the last one: for a store whose answers cause it again and again.
  void load_again();
  void read_records();
  void on_loaded(Result<EtcdLoader::Loaded> loaded);
  Missing missing_in(const EtcdLoader::Loaded& loaded) const;
  bool is_uncounted(const EtcdLoader::Loaded& loaded, std::uint64_t held,
                    std::size_t missing) const;
  void adopt(EtcdLoader::Loaded loaded, std::vector<RegistryRecord> doubted);
  void load_failed(const Error& error, Outage outage);
  void make_format();
  void answer_loads(const Error* error);
  void on_change(RegistryChange change, bool by_master);
  void judge_deletions(bool in_time);
  void add_sums(Pending& pending, const std::vector<RegistryRecord>* found) const;
  // In a counted deletion's turn: true, and it has its sums; otherwise it waits, and is moved.
  bool takes_turn(Pending& pending);
  void end_turn(const Pending& pending);
  void send(Pending pending);
  void on_txn(Pending pending, Result<EtcdAnswer> answer);
  void on_judged(Pending pending, EtcdTxn txn, bool repeated);
  void done(Pending pending, std::uint64_t revision);
  void unavailable(Pending pending, const Error& error);
  void with_lease(Pending pending);
  void on_lease(Result<EtcdAnswer> answer);
  void probe();
  void on_probe(const Result<EtcdAnswer>& answer, bool written);
  void ask_members();
  void set_up(Outage outage, std::string words);
  EtcdWatch::Callbacks watch_callbacks();

  Loop& control_;
  Log& log_;
  const std::string prefix_;
  EtcdClient client_;
  Mirror mirror_;
  StoreCopy copy_;
  EtcdLoader loader_;
  EtcdWatch watch_;
  RegistryState state_;
  std::vector<UniqueFunction<void(Result<RegistryContent>)>> loads_;
  bool loading_ = false, copy_read_ = false;
  Outage outage_ = Outage::kSilent, outage_logged_ = Outage::kNone;
  std::shared_ptr<int> probe_;  // under way; a load drops it
  std::uint64_t format_ = 0;    // the revision of that key: the identity of the store
  DeletionDoubt doubt_;
  std::optional<RegistryContent> held_copy_;  // read and not taken
  std::size_t under_way_ = 0;
  // One is under way, since each compares the sums that the one before it writes.
  bool counting_ = false;
  std::deque<Pending> to_count_;
  SteadyTime load_begun_{};
  std::string lease_;  // for `made`
  SteadyTime lease_until_{};
  std::vector<Pending> wants_lease_;
  const std::shared_ptr<int> life_ = std::make_shared<int>();
  Timer retry_, probe_timer_, doubt_timer_, members_timer_;
};

}  // namespace lb
