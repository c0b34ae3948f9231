// CarriedLoad: what this node carries, for how many listeners, and what it cannot pull, for the
// reports to its masters; see cluster/link/load_changes.h.
//
// It is read many times a second, so a mount that rests costs only when something of it changes.
// Thread: control.
// Ownership: MasterLinks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "cluster/link/load_changes.h"
#include "cluster/nodes/audience.h"
#include "stream/mount/mount_table.h"

namespace lb {

struct Config;
struct Network;
struct SourceFacts;

class CarriedLoad {
 public:
  using Faults = std::map<std::string, PullFault, std::less<>>;  // by mount
  // The way that the stream of a mount has come; empty: not known.
  using WayOf =
      std::function<const std::vector<std::string>&(const std::string& mount, const SourceFacts&)>;
  CarriedLoad(Network& network, WayOf way_of) : network_(network), way_of_(std::move(way_of)) {}

  // Reads what is carried now.  True: as LoadChanges::update() says.
  bool update(const MountTable::Rows& mounts, const std::vector<std::string>& master_ids);

  // The configuration is another one: of these mounts alone, or as a whole.
  void records_changed(std::span<const std::string> mounts);
  void configured() { config_ = nullptr; }

  const LoadChanges& changes() const noexcept { return changes_; }
  const Faults& unable() const noexcept { return unable_; }  // to pull, though not carried here
  // Another one after each change of unable().
  std::uint64_t unable_revision() const noexcept { return unable_revision_; }

 private:
  using Names = std::set<std::string, std::less<>>;
  void read_protection(const std::string& mount);
  void read_unable(Names& touched);
  void count_below(const std::vector<std::string>& master_ids);
  LoadChanges::Carried read(const std::string& name, const Mount* mount);
  void set_unable(const std::string& mount, PullFault fault);

  Network& network_;
  const WayOf way_of_;
  MountTable::Rows mounts_, in_use_;      // when they were read last
  std::shared_ptr<const Config> config_;  // null: all mounts are to be read
  Names other_records_;
  std::map<std::string, ProtectionSet, std::less<>> protections_;  // under config_; not of others
  std::uint64_t pulls_read_ = 0;  // RelayService::unable_revision()
  Faults pulls_, unable_;         // as the relays say; without what is carried
  std::uint64_t unable_revision_ = 0;
  std::vector<Below> below_;            // this node; ordered by mount
  std::uint64_t counted_revision_ = 0;  // of the table of nodes, in below_
  MountTable::Rows counted_;            // as in_use_
  SteadyTime next_count_{};             // of what is below; no earlier
  LoadChanges changes_;
};

}  // namespace lb
