// TlsPumps: the old processes that carry TLS connections for this server since upgrades
// (PumpProcess): how many there are, and when they are to end.  One ends its connections after
// <hand-over-time>, and the oldest one if more than kMax carry some.
//
// Thread: control.
// Ownership: Network.
// Bounds: kMax processes, and those that end.
// Errors: a process that cannot be told ends with its last connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/record.h"
#include "base/snapshot.h"
#include "net/loop/loop.h"
#include "stream/mount/moved_fd.h"

namespace lb {

struct Config;

// What a process reports of itself, after each change.
struct PumpNews {
  std::uint64_t pid = 0, connections = 0;
  static constexpr PlainRecord kRecord{.members = 2};
};

struct PumpRecord {
  MovedFd channel = 0;
  PumpNews news;
  SteadyTime since{};
  bool ends = false;
  static constexpr PlainRecord kRecord{.members = 4, .needed = 1};
};
struct PumpsRecord {
  std::vector<PumpRecord> pumps;
  static constexpr PlainRecord kRecord{.members = 1};
};

class TlsPumps {
 public:
  TlsPumps(Loop& control, Log& log, const Snapshot<Config>& config);
  ~TlsPumps();

  // The copy of the process that has handed over to this one, by its channel, from GO on.
  void begin(UniqueFd channel);
  PumpsRecord save(FdsOut& fds) const;
  void restore(const PumpsRecord& saved, FdsIn& fds);
  // Begins to hear them.
  void go_on();
  // Another process does.
  void hand_over();
  // The configuration has changed.
  void configure() { look(); }

  struct Picture {
    std::uint64_t processes = 0, connections = 0;
    SteadyTime::duration age{0};  // of the oldest
  };
  Picture picture() const;

  static constexpr std::size_t kMax = 8;
  // The process begins, once (PumpProcess), or ends its connections.
  static constexpr char kGo = 'g', kEnd = 'e';

 private:
  struct One;
  void add(UniqueFd channel, const PumpRecord& state);
  void heard(One& one);
  void tell(One& one, std::string_view why);
  void look();

  Loop& control_;
  Log& log_;
  const Snapshot<Config>& config_;
  std::vector<std::unique_ptr<One>> all_;  // the oldest first
  bool hears_ = false;
  Timer timer_;
};

}  // namespace lb
