// Which names an owner may give a new mount: none by which it would get the listeners of others.
// Thread: pure functions.
// Source: doc/hosting.md.
#pragma once

#include <optional>

#include "api/request/plan.h"
#include "config/mounts/mount_record.h"

namespace lb {

// A stream without a record is the operator's, and so are files and names that the file uses or an
// administrator has given another account's mount: an owner's record would take them over.  The
// addresses below a mount belong to it, so an owner creates mounts only below its own.  The pages
// of all streams and stations are below /listen, where no owner may create a mount.
std::optional<Problem> judge_new_name(const PlanContext& context, const MountRecord& record);

}  // namespace lb
