// ListenerNumbers: the numbers by which Icecast's commands here name listeners of other nodes,
// which number theirs each for itself.
//
// They are taken from the numbers of this server's own clients, so no two listeners of a cluster
// have the same one; a listener keeps its number as long as lists have it, through an upgrade too.
// Small numbers: control panels keep them in 32 bits.
// Thread: control.
// Ownership: Network.
// Bounds: what each node's last list of a mount had, of mounts that were listed in the last hour;
// kMaxSaved of them go over in an upgrade, others get new ones.
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

// Numbers of the listeners of one mount, for the process that goes on with them.
struct NumberedRecord {
  std::string node;
  std::uint64_t id = 0, number = 0;
  std::int64_t since_s = 0;
};
template <class Io, RecordOf<NumberedRecord> T>
void record_fields(Io& io, T& of) {
  auto& [node, id, number, since_s] = of;
  io(1, node, id, number, since_s);
}
struct NumbersRecord {
  std::string mount;
  SteadyTime listed{};
  std::vector<NumberedRecord> rows;
};
template <class Io, RecordOf<NumbersRecord> T>
void record_fields(Io& io, T& of) {
  auto& [mount, listed, rows] = of;
  io(1, mount, listed, rows);
}

class ListenerNumbers {
 public:
  static constexpr std::chrono::hours kKept{1};
  static constexpr std::size_t kMaxSaved = 20'000, kSavedAtOnce = 1'000;

  explicit ListenerNumbers(std::atomic<std::uint64_t>& next) : next_(next) {}

  // Gives the rows of other nodes their numbers here.  missing: nodes whose rows are not all there;
  // of these, and of nodes without a row, which may be away for a moment, the numbers stay.
  void number(const std::string& mount, std::vector<ListenerRow>& rows,
              const std::vector<std::string>& missing, SteadyTime now);
  struct Place {
    std::string node;
    std::uint64_t id = 0;  // there
  };
  // Null: it is not the number of a listener of another node.
  const Place* find(const std::string& mount, std::uint64_t number) const;

  // The mounts that were listed last come first.
  std::vector<NumbersRecord> save() const;
  void restore(const NumbersRecord& saved);

 private:
  // The number of a listener at its node may be that of another one after a start there.
  static constexpr std::int64_t kSinceSlackS = 5;
  struct Numbered {
    std::uint64_t number = 0;
    std::int64_t since_s = 0;  // of the steady clock
  };
  struct Mount {
    std::map<std::pair<std::string, std::uint64_t>, Numbered> numbers;  // by node and number there
    std::map<std::uint64_t, Place> places;
    SteadyTime listed{};
  };

  std::atomic<std::uint64_t>& next_;
  std::map<std::string, Mount, std::less<>> mounts_;
};

}  // namespace lb
