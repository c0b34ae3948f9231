// RelayRecord: a relay that streams, for the process that goes on with its connection.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string>

#include "base/record.h"
#include "cluster/relay/relay_plans.h"

namespace lb {

struct RelayRecord {
  std::uint64_t lease = 0;  // of the source that reads the connection
  std::string mount;
  // The place that it leads to (same_place): a server, or a program, which has a record of its own.
  Upstream from;
  bool icy_metadata = true;  // it was asked for titles
  bool placed = false;       // it has told the address of what it sends
  std::uint64_t crowd = 0;
  bool has_flowed = false;
};
template <class Io, RecordOf<RelayRecord> T>
void record_fields(Io& io, T& relay) {
  auto& [lease, mount, from, icy_metadata, placed, crowd, has_flowed] = relay;
  io.needed(1, lease, mount);
  io(3, from.target.host, from.target.port, from.target.tls, from.mount, from.program,
     from.content_type, icy_metadata, placed, crowd, has_flowed);
}

}  // namespace lb
