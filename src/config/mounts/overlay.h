// Overlay: records of mounts laid over a configuration file.
//
// A mount's section is the first of: its exact name in the file; a record of the store; one of the
// external configuration; the first matching pattern of the file; the default mount.  A record
// starts from the default mount, never from a pattern.  Relays of records come after those of the
// file, so the file's relay of a mount counts.
// Thread: pure functions.  Changed mounts cost 0.1 ms each; a changed file costs all records:
// 10,000 take some 100 ms.
// Source: doc/stores.md.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/load/reload.h"
#include "config/settings/config.h"
#include "config/settings/mount_book.h"

namespace lb {

struct MountRecord;

// Lays station records over a configuration whose mounts are laid already.
//
// A station of an account shows only that account's mounts: a mount that was deleted, is in the
// file, or belongs to another account now is left out until that changes.  A <station> of the file
// hides the record with its id.
// Thread: pure functions.  The cost depends on changed records, and on those that name a changed
// mount.

// before: the records of config.book. mounts: whose sections may have changed.
void lay_stations(Config& config, const StationRecords& before,
                  const std::set<std::string>& mounts);

// Whether this server pulls the relay of a store's record; null: always.
using PullsHere = bool (*)(const Config& config, const MountRecord& record);

// REQUIRES: layers.file is not null
std::shared_ptr<const Config> lay_over(MountLayers layers, PullsHere pulls_here = nullptr);

// What other parts of the server must do for the next configuration.
struct OverlayUpdate {
  std::shared_ptr<const Config> config;
  bool whole = false;               // the file was read again; false: only these mounts changed
  std::vector<std::string> mounts;  // sorted
  bool authenticators = false, files = false, relays = false;  // of these mounts
  std::vector<Change> plan;
};

// The layers of `config`.
MountLayers layers_of(const std::shared_ptr<const Config>& config);

// Sections of unchanged records are taken from `laid`.  REQUIRES: now.file is not null
OverlayUpdate update_overlay(const std::shared_ptr<const Config>& laid, MountLayers now,
                             PullsHere pulls_here = nullptr);

}  // namespace lb
