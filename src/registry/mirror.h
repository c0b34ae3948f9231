// Mirror: a registry's records in memory, and the reports to its watcher.
//
// A change that is older than its record's revision is ignored, so a change may be applied twice,
// and an own commit before earlier events.
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

  // `from`: at or after the last content(): later changes are reported.
  void watch(std::uint64_t from, Watcher watcher);

  // A store is about to be read: it must have everything written before, otherwise it is an older,
  // restored one.
  void begin_replace() { ahead_.clear(); }
  // The whole store: other records are gone, except own commits since begin_replace() that are
  // newer.  The watcher gets the differences.
  void replace(RegistryContent content);
  // An own commit, perhaps ahead of seen().
  void commit(const RegistryWrite& write, std::uint64_t revision);
  // Events of a store, in order; each record of `set` has its revision, deletions have the
  // change's.
  void apply(RegistryChange change);
  // Every event up to here has been applied.
  void seen(std::uint64_t revision);

  const RegistryRecord* find(const std::string& key) const;
  RegistryContent content() const;
  // The same with shared records, for another thread to write.
  struct Snapshot {
    std::uint64_t revision = 0;
    std::vector<std::shared_ptr<const RegistryRecord>> records;
  };
  Snapshot snapshot() const;
  std::size_t size() const noexcept { return records_.size(); }
  std::uint64_t revision() const noexcept { return revision_; }
  // Whether all compares hold and `made` is absent; current(): the present records.
  bool holds(const RegistryWrite& write) const;
  std::vector<RegistryRecord> current(const RegistryWrite& write) const;

 private:
  void tell(RegistryChange change);
  void report_missed();

  using Records = std::map<std::string, std::shared_ptr<const RegistryRecord>, std::less<>>;
  Records records_;
  // Written or deleted by this process ahead of seen(): older events of these keys are ignored.
  std::map<std::string, std::uint64_t, std::less<>> ahead_;
  std::uint64_t revision_ = 0;
  Watcher watcher_;
  std::vector<RegistryChange> missed_;  // until there is a watcher
  Timer report_missed_;
};

// Why no registry can execute a write: an invalid or repeated key, a value or a write that is too
// large; "": it can.
std::string registry_write_fault(const RegistryWrite& write);

}  // namespace lb
