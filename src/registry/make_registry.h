// make_registry(): the Registry that the settings ask for.  No floor above needs to know which.
//
// Thread: control.
// Ownership: the loops and the log outlive what is made.
#pragma once

#include <memory>

#include "base/log.h"
#include "net/loop/loop.h"
#include "registry/record_directory.h"
#include "registry/registry.h"
#include "registry/settings.h"

namespace lb {

// Null: kNone.  `judge` is for records that were edited by hand, on the disk loop.
std::unique_ptr<Registry> make_registry(const StoreSettings& settings, Loop& control, Loop& disk,
                                        Log& log, RecordDirectory::Judge judge);

}  // namespace lb
