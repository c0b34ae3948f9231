// LifeRecord: the record that names a store, and gives it a new life after it was restored from a
// backup: its revisions are then lower than before, with other meanings.
//
// The first master that notices writes the record; a second one's write conflicts, which is not an
// error.
// Thread: control.
// Ownership: RecordService.
#pragma once

#include <cstdint>
#include <memory>

#include "registry/store_writer.h"

namespace lb {

class RecordBook;
struct Runtime;

class LifeRecord {
 public:
  explicit LifeRecord(Runtime& runtime);

  // Takes the present records; the store must outlive this object.
  void follow(Registry& registry, std::shared_ptr<const RecordBook> book);
  void stop() { writer_.stop(); }

 private:
  RegistryWrite plan() const;

  Runtime& runtime_;
  std::shared_ptr<const RecordBook> book_;
  bool due_ = false;
  std::uint64_t highest_ = 0;  // the highest life so far
  StoreWriter writer_;
};

}  // namespace lb
