// What is carried, said as a whole: what is not among it has ended.
#pragma once

#include <algorithm>
#include <vector>

#include "cluster/link/load_changes.h"

namespace lb::test {

inline bool set_all(LoadChanges& changes, const std::vector<LoadChanges::Carried>& now,
                    SteadyTime when) {
  bool urgent = false;
  for (const MountLoad& load : changes.all())
    if (std::none_of(now.begin(), now.end(),
                     [&load](const auto& each) { return each.mount == load.mount; }))
      urgent = changes.set({.mount = load.mount, .carries = false}, when) || urgent;
  for (const LoadChanges::Carried& each : now) urgent = changes.set(each, when) || urgent;
  changes.forget(when);
  return urgent;
}

}  // namespace lb::test
