// ListenerNumbers: numbers for listeners of other nodes in Icecast's commands here, since each node
// numbers its own listeners.
//
// They come from the numbers of this server's own clients, so no two listeners of a cluster share
// one.  A listener keeps its number as long as lists contain it, also through an upgrade.  Numbers
// are small, since control panels store them in 32 bits.
// Thread: control.
// Ownership: Network.
// Bounds: each node's last list of a mount, for mounts listed in the last hour; an upgrade hands
// over kMaxSaved of them, and other listeners get new numbers.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/record.h"
#include "stream/listener/listener_row.h"

namespace lb {

// Numbers of the listeners of one mount, for the next process.
struct NumberedRecord {
  std::string node;
  std::uint64_t id = 0, number = 0;
  std::int64_t since_s = 0;
  static constexpr PlainRecord kRecord{.members = 4};
};
struct NumbersRecord {
  std::string mount;
  SteadyTime listed{};
  std::vector<NumberedRecord> rows;
  static constexpr PlainRecord kRecord{.members = 3};
};

class ListenerNumbers {
 public:
  static constexpr std::chrono::hours kKept{1};
  static constexpr std::size_t kMaxSaved = 20'000, kSavedAtOnce = 1'000;

  explicit ListenerNumbers(std::atomic<std::uint64_t>& next) : next_(next) {}

  // Gives other nodes' rows their numbers here.  missing: nodes with incomplete rows; their numbers
  // stay, as do the numbers of nodes without rows, which may be away for a moment.
  void number(const std::string& mount, std::vector<ListenerRow>& rows,
              const std::vector<std::string>& missing, SteadyTime now);
  struct Place {
    std::string node;
    std::uint64_t id = 0;  // of the node
  };
  // Null: no such listener at another node.
  const Place* find(const std::string& mount, std::uint64_t number) const;

  // The mounts that were listed last come first.
  std::vector<NumbersRecord> save() const;
  void restore(const NumbersRecord& saved);

 private:
  // A restarted node may reuse a number, so the start of the listening must match within this.
  static constexpr std::int64_t kSinceSlackS = 5;
  struct Numbered {
    std::uint64_t number = 0;
    std::int64_t since_s = 0;  // on the steady clock
  };
  struct Mount {
    std::map<std::pair<std::string, std::uint64_t>, Numbered> numbers;  // by node and its number
    std::map<std::uint64_t, Place> places;
    SteadyTime listed{};
  };

  std::atomic<std::uint64_t>& next_;
  std::map<std::string, Mount, std::less<>> mounts_;
};

}  // namespace lb
