// The registry of a <store>, as the server and the commands for stores open it.
// Thread: control.
// Ownership: the loops and the log outlive what is made.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "net/loop/loop.h"
#include "registry/registry.h"
#include "registry/settings.h"

namespace lb {

// As it is on the disk or in etcd: secrets are sealed.  Null: type none.
std::unique_ptr<Registry> open_store_as_kept(const StoreSettings& store, Loop& control, Loop& disk,
                                             Log& log);
// With open secrets.
std::unique_ptr<Registry> open_store(const StoreSettings& store, Loop& control, Loop& disk,
                                     Log& log);

// "files:/var/lib/icecast-lb/records", "etcd:/radio/ at https://e1:2379 …".
std::string store_name(const StoreSettings& store);

}  // namespace lb
