// MountBook: the mounts that are not in the configuration file, by name: the records of a store and
// of an external configuration, and the sections that they make; and the stations of records.
//
// It is a part of each Config.  A change of one mount copies log2(n) small nodes and shares all
// else with the book before, so ten thousand mounts cost nothing while one of them changes.
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

// What is laid over the file.
struct MountLayers {
  std::shared_ptr<const Config> file;  // as it was read; null: the Config is that itself
  MountRecords store, external;
  StationRecords stations = {};  // of the store

  bool operator==(const MountLayers&) const = default;
};

struct MountBook {
  MountLayers layers;
  // Of the records that count: a record of the store hides an external one, the file hides both.
  PersistentMap<std::shared_ptr<const MountSettings>> sections;
  PersistentMap<std::shared_ptr<const RelaySettings>> relays;
  // By id, with those of their mounts that they may show; a <station> of the file hides them.
  PersistentMap<std::shared_ptr<const StationSettings>> stations;
  PersistentMap<std::shared_ptr<const std::set<std::string>>> naming;  // ids, by mount
};

}  // namespace lb
