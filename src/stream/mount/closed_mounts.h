// ClosedMounts: mounts that are closed to sources for <wait-time> after the end of their last
// source.
//
// Thread: one (control).
// Ownership: SourceAdmission.  Pure: no loop, no clock.
// Bounds: kMaxNames names; beyond that, the one that opens soonest is open.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/record.h"

namespace lb {

// ClosedRecord: the closed mounts, for the process that takes over.
struct ClosedMountRecord {
  std::string mount, user;
  SteadyTime until{};
};
template <class Io, RecordOf<ClosedMountRecord> T>
void record_fields(Io& io, T& closed) {
  auto& [mount, user, until] = closed;
  io.needed(1, mount);
  io(2, user);
  io.needed(3, until);
}

struct ClosedRecord {
  std::vector<ClosedMountRecord> mounts;
  static constexpr PlainRecord kRecord{.members = 1};
};

class ClosedMounts {
 public:
  static constexpr std::size_t kMaxNames = 10'000;

  // user: of the source that has ended.
  void close(const std::string& mount, std::string user, SteadyTime now, SteadyTime until);
  void open(std::string_view mount);
  // The user of its last source; null: the mount is open.
  const std::string* closed_by(std::string_view mount, SteadyTime now) const;
  // Of a hand-over.
  ClosedRecord save() const;
  void restore(const ClosedRecord& saved, SteadyTime now);
  std::size_t size() const noexcept { return rows_.size(); }

 private:
  struct Row {
    std::string user;
    SteadyTime until{};
  };
  std::map<std::string, Row, std::less<>> rows_;
};

}  // namespace lb
