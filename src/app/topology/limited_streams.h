// LimitedStreams: which playing mounts a section limits over the whole cluster: their own, a
// pattern's or the default mount's.
// Only changed mounts are judged, so unchanged ones cost nothing, however many play.
// Thread: control.
// Ownership: SlotService.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>

#include "base/persistent_map.h"

namespace lb {

class Mount;

class LimitedStreams {
 public:
  using Mounts = PersistentMap<std::shared_ptr<Mount>>;

  // A mount, or all, may have changed in other ways than their rows in the table.
  void note(const std::string& mount) { noted_.insert(mount); }
  void note_all() noexcept { all_ = true; }

  // limits(name, mount): whether it plays and is limited.  Returns the changed mounts that are
  // limited now or were at the last call.
  template <class Limits>
  std::set<std::string> judge(const Mounts& mounts, const Limits& limits) {
    std::set<std::string> due = std::exchange(noted_, {});
    const Mounts before = std::exchange(mounts_, mounts);
    if (std::exchange(all_, false)) {
      due = limited_;
      for (const auto& [name, mount] : mounts) due.insert(due.end(), name);
    } else {
      Mounts::for_each_change(before, mounts, [&due](const auto* was, const auto* is) {
        due.insert((was != nullptr ? was : is)->first);
      });
    }
    std::erase_if(due, [&](const std::string& name) {
      const auto* const mount = mounts.look_up(name);
      if (mount != nullptr && limits(name, **mount)) {
        limited_.insert(name);
        return false;
      }
      return limited_.erase(name) == 0;
    });
    return due;
  }
  bool has(const std::string& mount) const { return limited_.contains(mount); }

 private:
  Mounts mounts_;
  std::set<std::string> limited_, noted_;
  bool all_ = true;
};

}  // namespace lb
