// RelayRecord: a relay that streams, for the process that goes on with its connection.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/record.h"
#include "cluster/relay/relay_plans.h"

namespace lb {

struct RelayRecord {
  std::uint64_t lease = 0;  // of the source that reads the connection
  std::string mount;
  // Where it leads (same_place): a server, or a program, which has a record of its own.
  std::string host;
  std::uint16_t port = 0;
  bool tls = false;
  std::string upstream_mount;
  std::vector<std::string> program;
  std::string content_type;  // of the program's stream
  bool icy_metadata = true;  // it was asked for titles
  bool placed = false;       // it has told the address of what it sends
  std::uint64_t crowd = 0;
  bool has_flowed = false;
};
template <class Io, RecordOf<RelayRecord> T>
void record_fields(Io& io, T& relay) {
  auto& [lease, mount, host, port, tls, upstream_mount, program, content_type, icy_metadata, placed,
         crowd, has_flowed] = relay;
  io.needed(1, lease, mount);
  io(3, host, port, tls, upstream_mount, program, content_type, icy_metadata, placed, crowd,
     has_flowed);
}

inline RelayRecord relay_record_of(const Upstream& from) {
  RelayRecord saved;
  saved.host = from.target.host;
  saved.port = from.target.port;
  saved.tls = from.target.tls;
  saved.upstream_mount = from.mount;
  saved.program = from.program;
  saved.content_type = from.content_type;
  return saved;
}

inline Upstream upstream_of(const RelayRecord& saved) {
  Upstream from;
  from.target.host = saved.host;
  from.target.port = saved.port;
  from.target.tls = saved.tls;
  from.mount = saved.upstream_mount;
  from.program = saved.program;
  from.content_type = saved.content_type;
  return from;
}

}  // namespace lb
