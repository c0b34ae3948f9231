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
};
template <class Io, RecordOf<PullRun> T>
void record_fields(Io& io, T& run) {
  auto& [epoch, highest, used, latest, touched] = run;
  io(1, epoch, highest, used, latest, touched);
}
struct PullHistory {
  std::vector<PullRun> runs;
  std::int64_t forgotten_until = 0;  // t
};
template <class Io, RecordOf<PullHistory> T>
void record_fields(Io& io, T& history) {
  auto& [runs, forgotten_until] = history;
  io(1, runs, forgotten_until);
}
using PullHistories = std::map<std::string, PullHistory, std::less<>>;  // by the node's id

}  // namespace lb
