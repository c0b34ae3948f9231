#include "registry/store_writer.h"

#include <utility>

namespace lb {

StoreWriter::StoreWriter(Loop& control, std::chrono::seconds retry, Callbacks callbacks)
    : retry_(retry), callbacks_(std::move(callbacks)), timer_(control, [this] { check(); }) {}

void StoreWriter::begin(Registry& registry) {
  registry_ = &registry;
  check();
}

void StoreWriter::check() {
  if (registry_ == nullptr || writing_) return;
  if (!registry_->state().up) return timer_.after(retry_);
  RegistryWrite write = callbacks_.plan();
  if (write.puts.empty() && write.deletes.empty()) return;
  writing_ = true;
  registry_->commit(std::move(write), [this](const CommitAnswer& answer) {
    writing_ = false;
    if (registry_ == nullptr) return;
    callbacks_.written(answer);
    if (answer.result == CommitResult::kDone)
      check();
    else
      timer_.after(retry_);
  });
}

void StoreWriter::check_after(std::chrono::seconds pause) {
  if (registry_ != nullptr && !writing_) timer_.after(pause);
}

void StoreWriter::stop() {
  registry_ = nullptr;
  timer_.cancel();
}

}  // namespace lb
