// CarriedLoad: the mounts that this node carries, their listeners, and the mounts that it cannot
// pull, for the reports to its masters (cluster/link/load_changes.h).
// The load is read many times a second, so an unchanged mount costs nothing, and that of thousands
// of mounts is read less often, unless they have begun, ended or changed.
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

class CarriedLoad {
 public:
  using Faults = std::map<std::string, PullFault, std::less<>>;  // by mount
  // The path of a mount's stream; empty: unknown.
  using WayOf =
      std::function<const std::vector<std::string>&(const std::string& name, const Mount&)>;
  CarriedLoad(Network& network, WayOf way_of) : network_(network), way_of_(std::move(way_of)) {}

  // Reads the present load; arrivals: counted before.  True: masters should have the changes at
  // once (LoadChanges::set()).
  bool update(const MountTable::Rows& mounts, const std::vector<std::string>& master_ids,
              LoadChanges::Arrivals arrivals);

  // The configuration of these mounts, or the whole one, has changed.
  void records_changed(std::span<const std::string> mounts);
  void configured() { config_ = nullptr; }

  const LoadChanges& changes() const noexcept { return changes_; }
  const Faults& unable() const noexcept { return unable_; }  // includes mounts not carried here
  // Changes whenever unable() changes.
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
  MountTable::Rows mounts_, in_use_;      // as last read
  std::shared_ptr<const Config> config_;  // null: all mounts are to be read
  Names other_records_;
  std::map<std::string, ProtectionSet, std::less<>> protections_;  // of unchanged records
  std::uint64_t pulls_read_ = 0;  // RelayService::unable_revision()
  Faults pulls_, unable_;         // from the relays; without carried mounts
  std::uint64_t unable_revision_ = 0;
  std::vector<Below> below_;            // this node; ordered by mount
  std::uint64_t counted_revision_ = 0;  // of the table of nodes, in below_
  MountTable::Rows counted_;            // in_use_ at that time
  SteadyTime next_count_{};             // earliest time to count below_ again
  SteadyTime next_walk_{};              // … to read all mounts in use
  LoadChanges changes_;
};

}  // namespace lb
