// /api/v1/external: the external configuration for administrators, and the confirmation of a
// removal that waits.
// Thread: control.
// Source: doc/stores.md.
#pragma once

#include "api/request/request.h"

namespace lb {

struct Services;

// Answers readExternal and confirmExternal; the latter is audited.
ApiOutcome answer_external(Services& services, const ApiTask& task);

}  // namespace lb
