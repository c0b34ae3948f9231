// LifeRecord: the record by which a store has a name, and another life after it was restored from
// a back-up: then its revisions are lower than they were, and mean other things.
//
// The first master that sees that writes it; of two the slower one meets a conflict, and is
// content.
// Thread: control.
// Ownership: RecordService.
#pragma once

#include <cstdint>
#include <memory>

#include "api/request/record_book.h"
#include "registry/store_writer.h"

namespace lb {

struct Runtime;

class LifeRecord {
 public:
  explicit LifeRecord(Runtime& runtime);

  // The records as they are by now; the store outlives this object.
  void follow(Registry& registry, std::shared_ptr<const RecordBook> book);
  void stop() { writer_.stop(); }

 private:
  RegistryWrite plan() const;

  Runtime& runtime_;
  std::shared_ptr<const RecordBook> book_;
  bool due_ = false;
  std::uint64_t highest_ = 0;  // life that was seen
  StoreWriter writer_;
};

}  // namespace lb
