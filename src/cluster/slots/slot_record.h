// SlotBookRecord: the slots of one mount at a node, as the process that replaces it goes on with
// them.
//
// Every link is made again, and with it each node below claims what it uses.  Until it has, what it
// had is held: that is all that has to be known.  Own listeners bring their slots themselves.
// Thread: plain values.
// Source: slot_book.h; doc/architecture.md, "The hand-over".
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/record.h"

namespace lb {

struct SlotBookRecord {
  std::string mount;
  bool root = false;  // the limit is this node's: it knows all claims
  std::vector<std::pair<std::string, std::int64_t>> below;  // nodes, with the slots that are out
};
template <class Io, RecordOf<SlotBookRecord> T>
void record_fields(Io& io, T& book) {
  auto& [mount, root, below] = book;
  io.needed(1, mount);
  io(2, root, below);
}

}  // namespace lb
