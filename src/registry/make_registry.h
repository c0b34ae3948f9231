// make_registry(): makes the Registry of the settings, so that floors above need not know its type.
//
// Thread: control.
// Ownership: the loops and the log outlive the result.
#pragma once

#include <memory>

#include "base/log.h"
#include "net/loop/loop.h"
#include "registry/record_directory.h"
#include "registry/registry.h"
#include "registry/settings.h"

namespace lb {

// Null: kNone.  `judge` checks records edited by hand, on the disk loop.
std::unique_ptr<Registry> make_registry(const StoreSettings& settings, Loop& control, Loop& disk,
                                        Log& log, RecordDirectory::Judge judge);

}  // namespace lb
