// StoreWriter: one task of this server that keeps records of the store as they should be: it is
// planned from what is known, written, and planned again until there is nothing to write.
//
// One write is under way at a time.  While the store takes none, and after one that was not done,
// the next plan is made `retry` later.
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
    std::function<RegistryWrite()> plan;  // empty: nothing is to be written
    std::function<void(const CommitAnswer&)> written;
  };
  StoreWriter(Loop& control, std::chrono::seconds retry, Callbacks callbacks);

  // The store has been loaded.
  void begin(Registry& registry);
  // What is to be written may be something else: plans now, or after the write that is under way.
  void check();
  void check_after(std::chrono::seconds pause);
  void stop();

 private:
  const std::chrono::seconds retry_;
  const Callbacks callbacks_;
  Registry* registry_ = nullptr;  // null: not yet, or no longer
  bool writing_ = false;
  Timer timer_;
};

}  // namespace lb
