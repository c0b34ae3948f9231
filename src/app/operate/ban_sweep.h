// BanSweep: takes bans that are over out of the store, and so out of what nodes are told and keep.
//
// A ban holds to its second by itself; its record goes kKept later, so that a list shows for a
// while that it is over.  Of several servers with one store one removes it; the writes of the
// others conflict, and that is the end of it.
// Thread: control.
// Ownership: RecordService.
// Bounds: kMaxAtOnce records a write; between two looks there is nothing to do.
#pragma once

#include <chrono>
#include <memory>

#include "api/request/record_book.h"
#include "registry/store_writer.h"

namespace lb {

struct Runtime;

class BanSweep {
 public:
  static constexpr std::chrono::seconds kKept{10}, kRetry{5};
  static constexpr std::size_t kMaxAtOnce = 32;

  explicit BanSweep(Runtime& runtime);
  // The store has been loaded; it outlives this object.
  void begin(Registry& registry) { writer_.begin(registry); }
  // The records as they are by now.
  void follow(std::shared_ptr<const RecordBook> book);
  void stop() { writer_.stop(); }

 private:
  RegistryWrite sweep();

  Runtime& runtime_;
  std::shared_ptr<const RecordBook> book_;
  StoreWriter writer_;
};

}  // namespace lb
