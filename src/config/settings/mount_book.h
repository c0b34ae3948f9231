// MountBook: the mounts that are not in the configuration file, by name: the records of a store and
// of an external configuration, and the sections that they make.
//
// It is a part of each Config.  A change of one mount copies log2(n) small nodes and shares all
// else with the book before, so ten thousand mounts cost nothing while one of them changes.
// Thread: an immutable value; any thread.
// Source: config/mounts/overlay.h, which makes it.
#pragma once

#include <memory>

#include "base/persistent_map.h"

namespace lb {

struct Config;
struct MountRecord;
struct MountSettings;
struct RelaySettings;

using MountRecords = NameMap<std::shared_ptr<const MountRecord>>;

// What is laid over the file.
struct MountLayers {
  std::shared_ptr<const Config> file;  // as it was read; null: the Config is that itself
  MountRecords store, external;

  bool operator==(const MountLayers&) const = default;
};

struct MountBook {
  MountLayers layers;
  // Of the records that count: a record of the store hides an external one, the file hides both.
  NameMap<std::shared_ptr<const MountSettings>> sections;
  NameMap<std::shared_ptr<const RelaySettings>> relays;
};

}  // namespace lb
