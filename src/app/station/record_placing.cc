// RecordService: requests that choose a home, and moves of mounts.
//
// Each choice counts what was placed before it.  At this server they go one after the other; what
// another master has placed meanwhile makes the write conflict, and the plan is made again when the
// watch has told of it.
#include <algorithm>
#include <utility>

#include "app/services/event_service.h"
#include "app/station/record_job.h"
#include "app/station/record_service.h"

namespace lb {

bool RecordService::waits_to_place(const JobPtr& job) {
  if (!job->task.endpoint->places || job->task.request.dry_run() || placing_ == job) return false;
  if (placing_) {
    to_place_.push_back(job);
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

void RecordService::plan_when(const JobPtr& job, std::uint64_t revision) {
  behind_.push_back({job, revision, services_.loops.control().now() + kCatchUp});
  if (!catch_up_.armed()) catch_up_.after(kCatchUp);
}

void RecordService::plan_those_behind() {
  const std::uint64_t revision = view_.read()->book->revision();
  const SteadyTime now = services_.loops.control().now();
  std::vector<JobPtr> ready;
  std::erase_if(behind_, [&](const Behind& one) {
    if (one.revision > revision && now < one.until) return false;
    ready.push_back(one.job);
    return true;
  });
  if (!behind_.empty() && !catch_up_.armed()) catch_up_.after(kCatchUp);
  for (const JobPtr& job : ready) {
    job->book = nullptr;
    plan(job);
  }
}

// A write that conflicts is one that another master has made, or the record is another one now:
// the watch tells of either.
void RecordService::step_of_move(const BookRow<MountRecord>& row, MoveStep step) {
  if (stopped_ || !registry_ || !registry_->state().up) return;
  const MountRecord& before = row.value;
  const MountRecord after = step == MoveStep::kEnd ? moved(before) : forced(before);
  RegistryWrite write;
  const std::string key = record_key("mounts", before.mount);
  write.compares.push_back({key, row.revision});
  write.puts.emplace_back(key, mount_record_xml(after));
  registry_->commit(std::move(write), [this, before, step](const CommitAnswer& answer) {
    if (stopped_ || answer.result != CommitResult::kDone) return;
    const std::string& to = before.place.to;
    const std::string way =
        "mount " + before.mount + " moves from " + before.place.from + " to " + to;
    services_.log.info(
        "records/move",
        step == MoveStep::kEnd
            ? way + ": its source has arrived, and " + to + " is its home"
            : way + ": force-after is over, and its source is taken at " + to + " only");
    services_.events->publish(step == MoveStep::kEnd ? "mount-moved" : "mount-move-forced",
                              before.mount, {{"from", before.place.from}, {"to", to}});
  });
}

}  // namespace lb
