#include "app/station/ban_sweep.h"

#include <algorithm>
#include <string>
#include <utility>

#include "api/request.h"

namespace lb {

BanSweep::BanSweep(Services& services)
    : services_(services),
      book_(std::make_shared<const RecordBook>()),
      timer_(services.loops.control(), [this] { sweep(); }) {}

void BanSweep::begin(Registry& registry) {
  registry_ = &registry;
  plan();
}

void BanSweep::follow(std::shared_ptr<const RecordBook> book) {
  const bool same = book->bans() == book_->bans();
  book_ = std::move(book);
  if (!same) plan();
}

void BanSweep::stop() {
  stopped_ = true;
  timer_.cancel();
}

// For the first one that is to go.
void BanSweep::plan() {
  if (stopped_ || registry_ == nullptr || writing_) return;
  std::int64_t first = 0;
  for (const auto& [id, row] : book_->bans())
    if (const std::int64_t until = row->value.until; until != 0)
      first = first == 0 ? until : std::min(first, until);
  if (first == 0) return timer_.cancel();
  const std::int64_t left = first + kKept.count() - unix_seconds(services_.clock.wall());
  // An hour at most: the wall clock may be set.
  timer_.after(std::chrono::seconds(std::clamp<std::int64_t>(left, 1, 3600)));
}

void BanSweep::sweep() {
  if (stopped_ || registry_ == nullptr || writing_) return;
  if (!registry_->state().up) return timer_.after(kRetry);
  const std::int64_t gone = unix_seconds(services_.clock.wall()) - kKept.count();
  RegistryWrite write;
  for (const auto& [id, row] : book_->bans()) {
    if (row->value.until == 0 || row->value.until > gone) continue;
    if (write.deletes.size() == kMostAtOnce) break;
    const std::string key = record_key("bans", id);
    write.compares.push_back({key, row->revision});
    write.deletes.push_back(key);
  }
  if (write.deletes.empty()) return plan();
  writing_ = true;
  registry_->commit(std::move(write), [this](const CommitAnswer& answer) {
    writing_ = false;
    if (stopped_) return;
    if (answer.result == CommitResult::kDone)
      plan();
    else
      timer_.after(kRetry);
  });
}

}  // namespace lb
