// LimitedStreams: which of the mounts that play are limited over the whole cluster by a section: by
// their own one, a pattern's or the default mount's.
//
// Judged are those mounts only of which something has changed since the last time, so a turn costs
// nothing for all others, however many play.
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

  // Something of this mount may have changed beside its row in the table; or of all of them.
  void note(const std::string& mount) { noted_.insert(mount); }
  void note_all() noexcept { all_ = true; }

  // limits(name, mount): it plays, and is limited.  Those of which something has changed and that
  // are limited now, or were at the last call.
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
