// Overlay: records of mounts laid over a configuration file.
//
// A mount's section is: the exact name in the file; a record of the store; one of the external
// configuration; the first pattern of the file; the default mount.  A record begins as the default
// mount, never as a pattern.  Records stand before the sections of the file, so the rule of
// mount_section() stays what it is; one whose name the file has is left out.
// Relays of records stand behind those of the file, so that of one mount the file's counts.
// Thread: pure functions, on the clerk: 10,000 records take some 100 ms.
// Source: doc/stores.md.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/shared_list.h"
#include "config/config.h"
#include "config/mount_record.h"
#include "config/reload.h"

namespace lb {

// Shared with the book of the store: ten thousand are not copied.
using MountRecords = SharedList<MountRecord>;

std::shared_ptr<const Config> lay_over(const std::shared_ptr<const Config>& parsed,
                                       const MountRecords& records, const MountRecords& external);

// Whether the file has a section with exactly this name: then there is no record of it.
bool is_in_file(const Config& parsed, std::string_view mount);

// What a configuration is made of.  None is null.
struct OverlayParts {
  std::shared_ptr<const Config> parsed;
  std::shared_ptr<const MountRecords> records, external;
};

// What becomes of other parts of the server when one configuration follows another.
struct OverlayUpdate {
  std::shared_ptr<const Config> config;
  OverlayParts parts;
  bool whole = false;               // the file has been read; else only these mounts changed
  std::vector<std::string> mounts;  // sorted
  bool authenticators = false, files = false, relays = false;  // of these mounts
  std::vector<Change> plan;
};

// Sections of unchanged records are taken from `laid`, which was made of `before`.
OverlayUpdate update_overlay(const OverlayParts& before, const std::shared_ptr<const Config>& laid,
                             OverlayParts now);

}  // namespace lb
