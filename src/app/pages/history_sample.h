// A sample of the present audience at this server and at known nodes.
//
// It reads the cluster's table mount by mount, so that its lock is never held for long.  Dead nodes
// are left out.
// Thread: any.
#pragma once

#include "admin/metrics/history.h"

namespace lb {

struct Network;

HistorySample sample_of(const Network& network);

}  // namespace lb
