// StreamListRecord: what a node knows of a master that it asks for its streams, for the process
// that replaces it: without it, all its relays would end if the master cannot be asked at that
// moment.
//
// Thread: plain values.
// Source: doc/architecture.md, "The hand-over".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/record.h"
#include "cluster/polling/stream_list.h"
#include "net/address/reach.h"

namespace lb {

template <class Io, RecordOf<ListedStream> T>
void record_fields(Io& io, T& stream) {
  auto& [mount, host, port, tls] = stream;
  io.needed(1, mount);
  io(2, host, port, tls);
}

struct StreamListRecord {
  std::string host;  // of the master, as configured
  std::uint16_t port = 0;
  bool tls = false, publishes = false;
  std::string id;                // of the master; "": not known
  Reach reach = Reach::kPublic;  // of the address that sent the list
  std::vector<ListedStream> streams;
};
template <class Io, RecordOf<StreamListRecord> T>
void record_fields(Io& io, T& list) {
  auto& [host, port, tls, publishes, id, reach, streams] = list;
  io.needed(1, host, port);
  io(3, tls, publishes, id);
  io.choice(6, reach, Reach::kPublic);
  io(7, streams);
}

}  // namespace lb
