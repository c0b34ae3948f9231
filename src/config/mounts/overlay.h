// Overlay: records of mounts laid over a configuration file.
//
// A mount's section is: the exact name in the file; a record of the store; one of the external
// configuration; the first pattern of the file; the default mount.  A record begins as the default
// mount, never as a pattern.
// Relays of records stand behind those of the file, so that of one mount the file's counts.
// Thread: pure functions.  A change costs by the mounts that it changes, 0.1 ms each; the file costs
// by all records: 10,000 take some 100 ms.
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

// Records of stations, laid over a configuration whose mounts are laid already.
//
// A station of an account shows mounts of that account alone: a mount that was deleted, that the
// file configures, or that now belongs to another account is left out, and comes back by itself.
// A <station> of the file hides the record of its id.
// Thread: pure functions.  Costs by the records that differ, and by those that name a mount that
// does.

// before: the records that config.book was made from.  mounts: whose sections may have changed.
void lay_stations(Config& config, const StationRecords& before,
                  const std::set<std::string>& mounts);

// Whether this server pulls what a record of the store says; null: always.
using PullsHere = bool (*)(const Config& config, const MountRecord& record);

// REQUIRES: layers.file is there
std::shared_ptr<const Config> lay_over(MountLayers layers, PullsHere pulls_here = nullptr);

// What becomes of other parts of the server when one configuration follows another.
struct OverlayUpdate {
  std::shared_ptr<const Config> config;
  bool whole = false;               // the file has been read; else only these mounts changed
  std::vector<std::string> mounts;  // sorted
  bool authenticators = false, files = false, relays = false;  // of these mounts
  std::vector<Change> plan;
};

// What `config` is made of.
MountLayers layers_of(const std::shared_ptr<const Config>& config);

// Sections of unchanged records are those of `laid`.
// REQUIRES: now.file is there
OverlayUpdate update_overlay(const std::shared_ptr<const Config>& laid, MountLayers now,
                             PullsHere pulls_here = nullptr);

}  // namespace lb
