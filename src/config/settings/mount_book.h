// MountBook: the mounts outside of the configuration file, by name: the records of a store and an
// external configuration, their sections, and the stations of records.
//
// It is a part of each Config.  A change of one mount copies log2(n) small nodes and shares the
// rest with the last book, so its cost hardly depends on the number of mounts.
// Thread: an immutable value; any thread.
// Source: config/mounts/overlay.h, which makes it.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "base/persistent_map.h"

namespace lb {

struct Config;
struct MountRecord;
struct MountSettings;
struct RelaySettings;
struct StationRecord;
struct StationSettings;

using MountRecords = PersistentMap<std::shared_ptr<const MountRecord>>;
using StationRecords = PersistentMap<std::shared_ptr<const StationRecord>>;

// The layers over the configuration file.
struct MountLayers {
  std::shared_ptr<const Config> file;  // as read; null: this Config itself
  MountRecords store, external;
  StationRecords stations = {};  // of the store

  bool operator==(const MountLayers&) const = default;
};

struct MountBook {
  MountLayers layers;
  // Records in force: a store's record hides an external one, the file hides both.
  PersistentMap<std::shared_ptr<const MountSettings>> sections;
  PersistentMap<std::shared_ptr<const RelaySettings>> relays;
  // By id, with the mounts that they may show; a <station> of the file hides them.
  PersistentMap<std::shared_ptr<const StationSettings>> stations;
  PersistentMap<std::shared_ptr<const std::set<std::string>>> naming;  // ids, by mount
};

}  // namespace lb
