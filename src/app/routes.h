// Routes: the whole server on one page: which questions every request is asked, in which order.
// Thread: make_stages() at start; the stages on their worker.
#pragma once

#include <memory>
#include <vector>

#include "http/connection.h"

namespace lb {

struct Worker;

std::vector<std::unique_ptr<Stage>> make_stages(Worker& worker);

}  // namespace lb
