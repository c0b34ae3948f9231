#include "app/operate/ban_sweep.h"

#include <algorithm>
#include <string>
#include <utility>

#include "api/request/record_book.h"
#include "api/request/request.h"
#include "app/services/runtime.h"

namespace lb {
namespace {

constexpr std::int64_t kAtMost = 3600;  // seconds between two checks

}  // namespace

bool BanClock::is_over(std::int64_t until) {
  return trust_.trusts() &&
         (until >= unix_seconds(began_wall_) || clock_.steady() - began_ >= kRest);
}

BanSweep::BanSweep(Runtime& runtime)
    : runtime_(runtime),
      book_(std::make_shared<const RecordBook>()),
      clock_(runtime.clock),
      writer_(runtime.loops.control(), kRetry,
              {[this] { return sweep(); }, [](const CommitAnswer&) {}}) {}

void BanSweep::follow(std::shared_ptr<const RecordBook> book) {
  const bool same = book->bans() == book_->bans();
  book_ = std::move(book);
  if (!same) writer_.check();
}

RegistryWrite BanSweep::sweep() {
  const std::int64_t now = unix_seconds(runtime_.clock.wall()), gone = now - kKept.count();
  std::int64_t next = 0;
  RegistryWrite write;
  for (const auto& [id, row] : book_->bans()) {
    const std::int64_t until = row->value.until;
    if (until == 0) continue;
    if (until > gone || !clock_.is_over(until)) {
      const std::int64_t again = until > gone ? until : now + kAtMost;
      next = next == 0 ? again : std::min(next, again);
      continue;
    }
    if (write.deletes.size() == kMaxAtOnce) break;
    const std::string key = record_key("bans", id);
    write.remove(key, row->revision);
  }
  // The wall clock may be set meanwhile.
  if (write.deletes.empty() && next != 0)
    writer_.check_after(
        std::chrono::seconds(std::clamp<std::int64_t>(next + kKept.count() - now, 1, kAtMost)));
  return write;
}

}  // namespace lb
