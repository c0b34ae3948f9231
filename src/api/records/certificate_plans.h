// The plans of the certificates of this server: what there is, and an order by hand.
// Source: doc/api.md, doc/https.md.
// Thread: pure functions.
#pragma once

#include "api/request/request.h"

namespace lb {

struct PlanContext;

Plan list_certificates(const PlanContext& context);
Plan order_certificate_plan(const PlanContext& context);

}  // namespace lb
