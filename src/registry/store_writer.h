// StoreWriter: a task of this server that keeps some records of the store up to date: it plans a
// write from known facts, writes, and plans again until no write is needed.
//
// One write is under way at a time.  While the store accepts none, and after a failed one, the next
// plan is made `retry` later.
// Thread: control.
// Ownership: the registry outlives it, or ends with its callbacks; stop() is called before that.
#pragma once

#include <chrono>
#include <functional>

#include "net/loop/loop.h"
#include "registry/registry.h"

namespace lb {

class StoreWriter {
 public:
  struct Callbacks {
    std::function<RegistryWrite()> plan;  // empty: no write is needed
    std::function<void(const CommitAnswer&)> written;
  };
  StoreWriter(Loop& control, std::chrono::seconds retry, Callbacks callbacks);

  // The store has been loaded.
  void begin(Registry& registry);
  // The plan may have changed: plans now, or after the write under way.
  void check();
  void check_after(std::chrono::seconds pause);
  void stop();

 private:
  const std::chrono::seconds retry_;
  const Callbacks callbacks_;
  Registry* registry_ = nullptr;  // null: not begun, or stopped
  bool writing_ = false;
  Timer timer_;
};

}  // namespace lb
