// Registry: the records of the station (mounts, users, accounts, bans, keys …), which several
// masters may share: a directory of files, or etcd.
//
// It knows keys and bytes, not their meaning.  Keys: accounts/ID users/NAME tokens/ID
// mounts/PCT-PATH stations/ID bans/ID keys/MASTER/KID placed/NODE weights/NODE made/SHA256
// ended/SID usage/MASTER/PART (is_registry_key()).  Values of mounts/ are XML, all others JSON. All
// loaded records stay in memory: while a store is down only writing is impossible (kUnavailable).
//
// Thread: control; callbacks come there, never before the call returns.
// Ownership: callbacks own their data.  Those of load() and commit() are called once, or destroyed
// uncalled with the Registry; that of watch() is called for each change.
// Bounds: kValueBytes a value, kWriteOperations a write, kCommitsWaiting commits under way.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_function.h"

namespace lb {

struct RegistryRecord {
  std::string key, value;
  std::uint64_t revision = 0;  // of the last write to it

  bool operator==(const RegistryRecord&) const = default;
};

struct RegistryCompare {
  std::string key;
  std::uint64_t revision = 0;  // 0: absent
};

// Executed as a whole or not at all.  Keys to be put or deleted should be compared too: a write
// without a compare may be executed again some seconds later, if its first answer was lost.
struct RegistryWrite {
  std::vector<RegistryCompare> compares;
  std::vector<std::pair<std::string, std::string>> puts;
  std::vector<std::string> deletes;
  // key made/SHA256, kept 24 h; it must be absent, without its own compare.
  std::optional<std::pair<std::string, std::string>> made;

  // Puts a record that has this revision now; 0: absent.
  void put(const std::string& key, std::string value, std::uint64_t revision) {
    compares.push_back({key, revision});
    puts.emplace_back(key, std::move(value));
  }
  void remove(const std::string& key, std::uint64_t revision) {
    compares.push_back({key, revision});
    deletes.push_back(key);
  }
};

struct RegistryContent {
  std::vector<RegistryRecord> records;  // in the order of their keys
  std::uint64_t revision = 0;
};

struct RegistryChange {
  std::vector<RegistryRecord> set;
  std::vector<std::string> deleted;
  std::uint64_t revision = 0;
};

enum class CommitResult {
  kDone,         // durable; the watcher has it
  kConflict,     // nothing was written
  kUnavailable,  // nothing is known to be written.  If its answer was lost it may be
                 // executed nevertheless: a repeat with the same `made` or compares finds it
};

struct CommitAnswer {
  CommitResult result = CommitResult::kUnavailable;
  std::uint64_t revision = 0;           // kDone: of all that was written
  std::vector<RegistryRecord> current;  // of a conflict: the records of compared keys, and `made`
  std::string why;                      // of kUnavailable: a sentence without secrets
};

struct RegistryState {
  bool up = false;                           // commits can become durable
  bool loaded = false;                       // there is content, perhaps only of the last good copy
  bool from_copy = false;                    // etcd has not been reached since the start
  std::uint64_t revision = 0;                // of the last reported change
  WallTime since{};                          // when `up` last changed
  std::string member;                        // etcd: the answering member. files: the directory
  std::string words;                         // one sentence for a page or a log, without secrets
  std::chrono::microseconds last_commit{0};  // how long the last kDone took
  std::vector<std::string> bad;              // files: invalid edits by hand, with reasons
};

class Registry {
 public:
  static constexpr std::size_t kKeyBytes = 1024;
  static constexpr std::size_t kValueBytes = 64 * 1024;
  static constexpr std::size_t kWriteOperations = 64;  // compares and made; puts, deletes and made
  static constexpr std::size_t kCommitsWaiting = 1024;
  static constexpr std::chrono::hours kMadeKept{24};

  virtual ~Registry() = default;

  // Errors: kDenied (another process has the directory; etcd's login is wrong), kUnsupported (a
  // newer format), kClosed or kTimeout (no etcd and no copy), kIo.  After an error the registry
  // keeps trying, and reports its result to the watcher.  Once loaded it answers from memory.
  virtual void load(UniqueFunction<void(Result<RegistryContent>)> done) = 0;
  // Reports changes after `from`, the revision of load()'s result, or 0.  One watcher, given once.
  virtual void watch(std::uint64_t from, UniqueFunction<void(RegistryChange)> on_change) = 0;
  virtual void commit(RegistryWrite write, UniqueFunction<void(CommitAnswer)> done) = 0;
  virtual RegistryState state() const = 0;
  // SIGHUP: reads files that were edited by hand, and reports their changes to the watcher.
  virtual void reload() {}

  // -- of a hand-over. rest(): no write until go_on(); `then` is called when none is under way.
  // let_go(): another process may open it; keep(): none does.
  virtual RegistryContent content() const = 0;  // what is in memory
  virtual void rest(UniqueFunction<void()> then) = 0;
  virtual void go_on() {}
  virtual void let_go() {}
  virtual void keep() {}
};

// Whether a text may be a key: a class of small letters, and names behind slashes, encoded exactly
// as by percent_encode(…, false).  "mounts/%2Frock.mp3", "keys/m1/k7".
bool is_registry_key(std::string_view key) noexcept;

}  // namespace lb
