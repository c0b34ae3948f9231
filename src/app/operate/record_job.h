// RecordJob: a request of the API on its way through plan, commit and answer.
// Thread: control; `plan` and `write` are made on the clerk.
// Ownership: the callbacks under way.
#pragma once

#include <memory>
#include <string>

#include "api/request/request.h"
#include "app/operate/plan_memory.h"
#include "base/unique_function.h"
#include "registry/registry.h"

namespace lb {

class RecordBook;
struct Config;

struct RecordJob {
  ApiTask task;
  UniqueFunction<void(ApiOutcome)> done;
  std::string made;  // the record of its Idempotency-Key, or ""
  std::string lane;  // see PlanTurns
  PlanMemory memory;
  // For the present plan:
  std::shared_ptr<const RecordBook> book;
  std::shared_ptr<const Config> config;
  Plan plan;
  RegistryWrite write;
  std::shared_ptr<const LiveView> live;
  int attempts = 0;
  std::string held;  // the account that it writes, or ""
};

}  // namespace lb
