// PullHistory: which numbers of pull marks a node has used (pull_verifier.h), also as records of a
// hand-over, which goes on with the epoch that marks are made for; RunNumbers: the next numbers of
// this server's own.
//
// Thread: values.
// Ownership: PullVerifier; ClusterService.
// Source: doc/link.md; doc/upgrade.md.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/record.h"

namespace lb {

// The numbers of this run, which only grow: of messages, of marks of requests to nodes and masters,
// of reports to masters.
struct RunNumbers {
  std::uint64_t next_message = 1, next_pull_of_master = 1, next_pull_of_node = 1, last_report = 0;
};

// Of one process of the node.
struct PullRun {
  static constexpr std::uint64_t kBehind = 1024;

  std::string epoch;
  std::uint64_t highest = 0;
  std::array<std::uint64_t, kBehind / 64> used{};  // bits; of a number, number % kBehind
  std::int64_t latest = 0;                         // t
  std::uint64_t touched = 0;
  static constexpr PlainRecord kRecord{.members = 5};
};
struct PullHistory {
  std::vector<PullRun> runs;
  std::int64_t forgotten_until = 0;  // t
  static constexpr PlainRecord kRecord{.members = 2};
};
using PullHistories = std::map<std::string, PullHistory, std::less<>>;  // by the node's id

}  // namespace lb
