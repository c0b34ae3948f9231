// CarriedLoad: what this node carries, for how many listeners, and what it cannot pull, for the
// reports to its masters; see cluster/link/load_changes.h.
// Thread: control.
// Ownership: MasterLinks.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/services/services.h"
#include "cluster/link/load_changes.h"
#include "cluster/nodes/audience.h"

namespace lb {

class CarriedLoad {
 public:
  using Faults = std::map<std::string, PullFault, std::less<>>;  // by mount
  // The way that the stream of a mount has come; empty: not known.
  using WayOf =
      std::function<const std::vector<std::string>&(const std::string& mount, const SourceFacts&)>;
  CarriedLoad(Services& services, WayOf way_of) : services_(services), way_of_(std::move(way_of)) {}

  // Reads what is carried now.  True: as LoadChanges::update() says.
  bool update(std::shared_ptr<const MountTable::Rows> mounts,
              const std::vector<std::string>& master_ids);

  const LoadChanges& changes() const noexcept { return changes_; }
  const Faults& unable() const noexcept { return unable_; }  // to pull, though not carried here

 private:
  void read_protections();
  void count_below(const std::vector<std::string>& master_ids);
  void list_mounts();

  Services& services_;
  const WayOf way_of_;
  std::shared_ptr<const MountTable::Rows> mounts_;
  std::shared_ptr<const Config> config_;
  std::vector<ProtectionSet> protections_;  // of mounts_, under config_
  Faults unable_;
  std::vector<Below> below_;            // this node; ordered by mount
  std::uint64_t counted_revision_ = 0;  // of the table of nodes, in below_
  SteadyTime next_count_{};             // of what is below; no earlier
  std::vector<LoadChanges::Carried> carried_;
  LoadChanges changes_;
};

}  // namespace lb
