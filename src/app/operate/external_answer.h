// /api/v1/external: what an administrator sees of an external configuration, and the confirmation
// of a removal that waits.
// Thread: control.
// Source: doc/stores.md.
#pragma once

#include "api/request/request.h"

namespace lb {

struct Services;

// Of the endpoints readExternal and confirmExternal; the second one is in the audit log.
ApiOutcome answer_external(Services& services, const ApiTask& task);

}  // namespace lb
