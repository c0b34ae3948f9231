// MasterRecord: a node's knowledge of one of its masters, for the process that replaces it.  The
// link itself is made again.
//
// Thread: plain values.
// Source: doc/architecture.md, "The hand-over".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/record.h"

namespace lb {

struct MasterRecord {
  std::string name;      // "m1.example.org:8100", of its link
  std::string id, mark;  // by its last WELCOME; "": never linked
  std::uint16_t http_port = 0, https_port = 0;
  std::int64_t clock_ms = 0;         // its wall clock less this one
  std::vector<std::string> streams;  // its offers, as lines of SNAP
  static constexpr PlainRecord kRecord{.members = 7, .needed = 1};
};

}  // namespace lb
