// What is listened to at this moment, at this server and at the nodes that it knows of.
//
// What nodes have is read from the table of the cluster, one mount after the other, so that its
// lock is never held for long; a node that is down is not in the sample.
// Thread: any.
#pragma once

#include "admin/metrics/history.h"

namespace lb {

struct Network;

HistorySample sample_of(const Network& network);

}  // namespace lb
