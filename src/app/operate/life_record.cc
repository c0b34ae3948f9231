#include "app/operate/life_record.h"

#include <algorithm>
#include <string>
#include <utility>

#include "api/request/record_book.h"
#include "app/services/runtime.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr auto kLifeRetry = std::chrono::seconds(1);

}  // namespace

LifeRecord::LifeRecord(Runtime& runtime)
    : runtime_(runtime),
      writer_(runtime.loops.control(), kLifeRetry,
              {[this] { return plan(); },
               [this](const CommitAnswer& answer) {
                 // A conflict means that another master was faster.
                 due_ = answer.result == CommitResult::kUnavailable;
               }}) {}

void LifeRecord::follow(Registry& registry, std::shared_ptr<const RecordBook> book) {
  const auto before = std::exchange(book_, std::move(book));
  const std::uint64_t had = before == nullptr ? 0 : before->revision();
  const std::uint64_t life = book_->life().life;
  const bool nameless = life == 0 || book_->revision_of(kStoreLifeKey) == 0;
  // Unless another master has noticed it before.
  const bool went_back = book_->revision() < had && life <= highest_;
  highest_ = std::max(highest_, life);
  if (went_back)
    runtime_.log.warn("store/life", cat({"the store has revision ", book_->revision(), " and had ",
                                         had, ": it was restored, and gets its next life"}));
  if (!nameless && !went_back) return;
  due_ = true;
  writer_.begin(registry);
}

RegistryWrite LifeRecord::plan() const {
  RegistryWrite write;
  if (!due_) return write;
  StoreLife next = book_->life();
  if (next.life == 0) next.id = hex_encode(random_bytes(16));
  next.life = highest_ + 1;
  write.put(std::string(kStoreLifeKey), store_life_json(next), book_->revision_of(kStoreLifeKey));
  return write;
}

}  // namespace lb
