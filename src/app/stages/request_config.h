// The configuration that a request is answered by: one round of the stages sees one.  It is read
// when it is first asked for, and again when the request has waited, perhaps for a mount that a new
// configuration has.
// Thread: the worker of the connection.
// Ownership: shared; the request's context keeps it (request_context.h).
#pragma once

#include <memory>

#include "config/config.h"
#include "http/connection.h"

namespace lb {

struct Services;

std::shared_ptr<const Config> config_of(const Services& services, Connection& connection);

}  // namespace lb
