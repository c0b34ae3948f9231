// HandedRelays: the relays whose connections another process has handed over, until the relay of
// each mount goes on with its own (take()).  One that no relay has claimed after kUnclaimed is
// ended.
//
// Thread: control.
// Ownership: RelayService.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "cluster/relay/relay.h"

namespace lb {

struct Traffic;

class HandedRelays {
 public:
  explicit HandedRelays(Traffic& traffic);

  // Before its source.
  Result<void> add(RelayRecord saved);
  // Null: none writes this mount with this lease.
  const RelayRecord* of(const std::string& mount, std::uint64_t lease) const;
  // Once each.
  std::optional<HandedWriter> take(const std::string& mount);
  void go_on();

  static constexpr std::chrono::seconds kUnclaimed{5};

 private:
  void end_unclaimed();

  Traffic& traffic_;
  std::map<std::string, RelayRecord> unclaimed_;  // by mount
  Timer late_;
};

}  // namespace lb
