// HandedRelays: the connections of relays that another process has handed over, until the relay of
// each mount takes its own (take()).  One left after kUnclaimed is closed.
//
// Thread: control.
// Ownership: RelayService.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "cluster/relay/relay_host.h"

namespace lb {

struct Traffic;

class HandedRelays {
 public:
  explicit HandedRelays(Traffic& traffic);

  // REQUIRES: before its source is restored
  Result<void> add(RelayRecord saved);
  // Null: no handed-over relay writes this mount with this lease.
  const RelayRecord* of(const std::string& mount, std::uint64_t lease) const;
  // Gives away the connection, once.
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
