#include "app/operate/ban_sweep.h"

#include <algorithm>
#include <string>
#include <utility>

#include "api/request/record_book.h"
#include "api/request/request.h"
#include "app/services/runtime.h"

namespace lb {

BanSweep::BanSweep(Runtime& runtime)
    : runtime_(runtime),
      book_(std::make_shared<const RecordBook>()),
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
    if (until > gone) {
      next = next == 0 ? until : std::min(next, until);
      continue;
    }
    if (write.deletes.size() == kMaxAtOnce) break;
    const std::string key = record_key("bans", id);
    write.remove(key, row->revision);
  }
  // At most an hour, as the wall clock may be set.
  if (write.deletes.empty() && next != 0)
    writer_.check_after(
        std::chrono::seconds(std::clamp<std::int64_t>(next + kKept.count() - now, 1, 3600)));
  return write;
}

}  // namespace lb
