#include "stream/source/ended_record.h"

#include <utility>

#include "base/cat.h"
#include "stream/log/stream_log.h"

namespace lb {

std::vector<std::shared_ptr<const Metadata>> titles_of_ended(const Mount& mount) {
  return StreamLog::of_view(*mount.channel().newest())->titles();
}

EndedRecord save_ended(const Mount& mount, FdsOut& fds) {
  const auto log = StreamLog::of_view(*mount.channel().newest());
  EndedRecord saved;
  saved.mount = mount.name();
  saved.facts = *mount.facts();
  saved.log = saved_bytes(*log);
  saved.log_file = fds.add(log->file());
  return saved;
}

Result<void> restore_ended(const EndedRecord& saved, Mount& mount, FdsIn& fds) {
  if (saved.facts.plugin == nullptr)
    return Error::invalid(cat({"nothing is known of the stream of ", saved.mount}));
  RecordIn in("log", saved.log);
  auto log = StreamLog::restore(in, fds.take(saved.log_file));
  if (!log)
    return Error::invalid(
        cat({"the stream of ", saved.mount, ", which is over: ", log.error().what}));
  mount.set_facts(std::make_shared<const SourceFacts>(saved.facts));
  mount.set_phase(MountPhase::kEnded);
  auto last = std::make_shared<StreamView>(*(*log)->last_view());
  last->ended = true;
  mount.channel().publish(std::move(last));
  return {};
}

}  // namespace lb
