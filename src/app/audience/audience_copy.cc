// AudienceService: the thread that copies the database, with its own connection, so that rows are
// merged and reports answered meanwhile.
//
// The copy has the state of its start (SQLite's log keeps later writes apart), so that log grows
// until the copy ends, and is then emptied.  A copy is rare: its thread lives only as long.
#include <memory>
#include <utility>

#include "app/audience/audience_service.h"
#include "base/thread.h"

namespace lb {

bool AudienceService::copy(const std::string& lane, Work work) {
  if (!enter(lane)) return false;
  // Makes the file or its tables, if they are missing.
  database_thread_.loop().post([this, lane, work = std::make_shared<Work>(std::move(work))] {
    auto begun = open_database();
    if (begun) begun = begin_copier([this, lane, work] { run_copy(lane, *work); });
    if (begun) return;
    (*work)(nullptr, begun.error().what);
    leave(lane);
  });
  return true;
}

Result<void> AudienceService::begin_copier(UniqueFunction<void()> run) {
  if (copier_.joinable()) copier_.join();  // it has answered
  auto made = make_thread("audience copy", std::move(run));
  if (!made) return made.error();
  copier_ = std::move(*made);
  return {};
}

void AudienceService::run_copy(const std::string& lane, Work& work) {
  {
    const auto opened = open_audience_to_read(database_path_);
    if (opened) (*opened)->copies_while(keeps_copying_);
    work(opened ? opened->get() : nullptr, opened ? std::string() : opened.error().what);
  }
  leave(lane);
  // A person's rows that were deleted meanwhile are still in SQLite's log.
  database_thread_.loop().post([this] {
    if (!database_) return;
    database_->clear();
    static_cast<void>(database_->run("PRAGMA wal_checkpoint(TRUNCATE)"));
  });
}

}  // namespace lb
