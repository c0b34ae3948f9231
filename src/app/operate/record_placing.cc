// RecordService: requests that choose a home or use a quota, and moves of mounts.
//
// Each choice counts the mounts placed before it, each quota the amounts granted before it, so at
// this server they run one after the other.  Another master's write causes a conflict, and the plan
// is repeated when that write has arrived.
#include <algorithm>
#include <utility>

#include "api/records/mount_places.h"
#include "api/request/record_book.h"
#include "app/operate/plan_turns.h"
#include "app/operate/record_job.h"
#include "app/operate/record_service.h"
#include "app/services/event_service.h"
#include "app/services/services.h"
#include "base/cat.h"

namespace lb {

bool RecordService::waits_to_place(const JobPtr& job) {
  if (!job->task.endpoint->places || job->task.request.dry_run() || placing_ == job) return false;
  if (placing_) {
    put_in_line(to_place_, job);
    return true;
  }
  placing_ = job;
  return false;
}

void RecordService::placed(const JobPtr& job) {
  if (placing_ != job) return;
  placing_ = nullptr;
  if (to_place_.empty() || stopped_) return;
  const JobPtr next = to_place_.front();
  to_place_.pop_front();
  plan(next);
}

bool RecordService::waits_for_account(const JobPtr& job) {
  const auto& compares = job->write.compares;
  const auto at = std::find_if(compares.begin(), compares.end(), [](const RegistryCompare& one) {
    return one.key.starts_with("accounts/");
  });
  const std::string key = at == compares.end() ? std::string() : at->key;
  if (key == job->held) return false;
  release_account(job);
  if (key.empty()) return false;
  const auto [row, is_free] = held_accounts_.try_emplace(key);
  if (is_free)
    job->held = key;
  else
    put_in_line(row->second, job);
  return !is_free;
}

void RecordService::release_account(const JobPtr& job) {
  if (job->held.empty()) return;
  const auto at = held_accounts_.find(std::exchange(job->held, {}));
  if (at->second.empty() || stopped_) {
    held_accounts_.erase(at);
    return;
  }
  const JobPtr next = at->second.front();
  at->second.pop_front();
  next->held = at->first;
  plan(next);
}

bool RecordService::Behind::is_sent(const RecordBook& book) const {
  return std::all_of(found.begin(), found.end(), [&](const RegistryCompare& one) {
    const std::uint64_t known = book.revision_of(one.key);
    const auto& compares = job->write.compares;
    const auto was =
        std::find_if(compares.begin(), compares.end(),
                     [&one](const RegistryCompare& compare) { return compare.key == one.key; });
    if (one.revision != 0) return known >= one.revision;
    return known == 0 || (was != compares.end() && known > was->revision);
  });
}

// Compares keys, not the book's revision: that includes writes of this server, which may arrive
// before older ones of others.
void RecordService::plan_after_conflict(const JobPtr& job, const CommitAnswer& answer) {
  Behind behind{job, {}, services_.loops.control().now() + kCatchUp};
  bool taken = false;
  for (const RegistryCompare& compare : job->write.compares) {
    const auto at = std::find_if(
        answer.current.begin(), answer.current.end(),
        [&compare](const RegistryRecord& record) { return record.key == compare.key; });
    behind.found.push_back({compare.key, at == answer.current.end() ? 0 : at->revision});
    taken = taken || (compare.revision == 0 && behind.found.back().revision != 0);
  }
  if (taken) job->memory = {};  // perhaps a drawn name, so another one is drawn
  if (behind.is_sent(*view_.read()->book)) return plan(job);
  behind_.push_back(std::move(behind));
  if (!catch_up_.armed()) catch_up_.after(kCatchUp);
}

void RecordService::plan_those_behind() {
  const auto view = view_.read();
  const SteadyTime now = services_.loops.control().now();
  std::vector<JobPtr> ready;
  std::erase_if(behind_, [&](const Behind& one) {
    if (!one.is_sent(*view->book)) {
      if (now < one.until) return false;
      one.job->attempts += kAttemptsOfSilence;
    }
    ready.push_back(one.job);
    return true;
  });
  if (!behind_.empty() && !catch_up_.armed()) catch_up_.after(kCatchUp);
  for (const JobPtr& job : ready) plan(job);
}

// After a conflict another master has made this write, or the record has changed; the watch reports
// both.
void RecordService::step_of_move(const BookRow<MountRecord>& row, MoveStep step) {
  if (stopped_ || !registry_ || !registry_->state().up) return;
  const MountRecord& before = row.value;
  const MountRecord after = step == MoveStep::kEnd ? moved(before) : forced(before);
  RegistryWrite write;
  const std::string key = record_key("mounts", before.mount);
  write.put(key, mount_record_xml(after), row.revision);
  registry_->commit(std::move(write), [this, before, step](const CommitAnswer& answer) {
    if (stopped_ || answer.result != CommitResult::kDone) return;
    const std::string& to = before.place.to;
    const std::string way =
        cat({"mount ", before.mount, " moves from ", before.place.from, " to ", to});
    services_.log.info(
        "records/move",
        step == MoveStep::kEnd
            ? cat({way, ": its source has arrived, and ", to, " is its home"})
            : cat({way, ": force-after is over, and its source is taken at ", to, " only"}));
    services_.events->publish(step == MoveStep::kEnd ? "mount-moved" : "mount-move-forced",
                              before.mount, {{"from", before.place.from}, {"to", to}});
  });
}

}  // namespace lb
