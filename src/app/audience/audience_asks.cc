// AudienceService: questions to the thread of the database, which answers customers by turns, and
// the room for those that wait.
#include <mutex>
#include <utility>

#include "app/audience/audience_service.h"

namespace lb {

bool AudienceService::enter(const std::string& lane) {
  const std::scoped_lock lock(room_mutex_);
  return room_.enter(lane);
}

void AudienceService::leave(const std::string& lane) {
  const std::scoped_lock lock(room_mutex_);
  room_.leave(lane);
}

// Behind the merge of the rows, so not by turns.
bool AudienceService::ask_of(const std::string& lane, ListeningFacts facts, WorkOf work) {
  if (!enter(lane)) return false;
  journal_thread_.loop().post([this, lane, facts = std::move(facts),
                               work = std::move(work)]() mutable {
    const DayKeys::Who who = keys_->who(now_ms() / 1000, facts.address, facts.agent, facts.user);
    flush();
    database_thread_.loop().post([this, lane, who, work = std::move(work)]() mutable {
      answer(
          {lane, [who, work = std::move(work)](Sqlite* database, const std::string& why) mutable {
             work(who, database, why);
           }});
    });
  });
  return true;
}

bool AudienceService::ask(const std::string& lane, Work work) {
  {
    const std::scoped_lock lock(room_mutex_);
    if (!room_.enter(lane)) return false;
    const auto at =
        place_in_line(line_, lane, [](const Asked& asked) { return std::string_view(asked.lane); });
    line_.insert(at, {lane, std::move(work)});
  }
  database_thread_.loop().post([this] { answer_next(); });
  return true;
}

void AudienceService::answer_next() {
  Asked next;
  {
    const std::scoped_lock lock(room_mutex_);
    next = std::move(line_.front());
    line_.pop_front();
  }
  answer(std::move(next));
}

void AudienceService::answer(Asked asked) {
  const auto opened = open_database();
  if (opened) static_cast<void>(shift_starts());
  asked.work(opened ? database_.get() : nullptr, opened ? std::string() : opened.error().what);
  leave(asked.lane);
}

}  // namespace lb
