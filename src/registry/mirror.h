// Mirror: the records as a registry holds them in memory, and what its watcher is told of them.
//
// What a record's own revision says is past is passed over, so that a change may be applied twice,
// and a commit of ours before the events that came before it.
// Thread: control.
// Ownership: the watcher is never called from within watch().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/loop/loop.h"
#include "registry/registry.h"

namespace lb {

class Mirror {
 public:
  using Watcher = UniqueFunction<void(RegistryChange)>;

  explicit Mirror(Loop& control) : report_missed_(control, [this] { report_missed(); }) {}

  // `from` at or after the last content(): the changes since then are told.
  void watch(std::uint64_t from, Watcher watcher);

  // A store is about to be read: what was written before has to be in it, or else the store is an
  // older one that was restored.
  void begin_replace() { ahead_.clear(); }
  // All of it: what is not in it is gone, but for commits of ours since begin_replace() that are
  // newer.  The watcher is told the difference.
  void replace(RegistryContent content);
  // A commit of ours, perhaps ahead of seen().
  void commit(const RegistryWrite& write, std::uint64_t revision);
  // Events of a store, in their order; each record of `set` has its revision, deletions have that
  // of the change.
  void apply(RegistryChange change);
  // Every event up to here has been applied.
  void seen(std::uint64_t revision);

  const RegistryRecord* find(const std::string& key) const;
  RegistryContent content() const;
  // The same, sharing the records: for another thread to write down.
  struct Snapshot {
    std::uint64_t revision = 0;
    std::vector<std::shared_ptr<const RegistryRecord>> records;
  };
  Snapshot snapshot() const;
  std::size_t size() const noexcept { return records_.size(); }
  std::uint64_t revision() const noexcept { return revision_; }
  // Whether all compares hold and `made` is absent; and what is there instead.
  bool holds(const RegistryWrite& write) const;
  std::vector<RegistryRecord> current(const RegistryWrite& write) const;

 private:
  void tell(RegistryChange change);
  void report_missed();

  using Records = std::map<std::string, std::shared_ptr<const RegistryRecord>, std::less<>>;
  Records records_;
  // Written or deleted by us ahead of seen(): older news of these keys are past.
  std::map<std::string, std::uint64_t, std::less<>> ahead_;
  std::uint64_t revision_ = 0;
  Watcher watcher_;
  std::vector<RegistryChange> missed_;  // before there was a watcher
  Timer report_missed_;
};

// Why a write cannot be carried out by any registry: a key that is none or stands twice, a value or
// a write that is too large; "": it can.
std::string registry_write_fault(const RegistryWrite& write);

}  // namespace lb
