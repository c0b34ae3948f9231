// The hand-over of the programs that listen for dead air.
#include <utility>

#include "app/programs/dead_air_service.h"
#include "app/services/traffic.h"
#include "base/cat.h"

namespace lb {

void DeadAirService::rest(std::function<void()> done) {
  feeds_.rest([this, done = std::move(done)](std::map<std::uint64_t, SoundFeedRecord> fed) {
    traffic_.loops.control().post([this, done, fed = std::move(fed)]() mutable {
      fed_ = std::move(fed);
      done();
    });
  });
}

DeadAirRecord DeadAirService::save(FdsOut& fds) {
  DeadAirRecord all;
  saved_.clear();
  for (const auto& [id, ear] : ears_) {
    const auto fed = fed_.find(id);
    const bool is_fed = !ear.writes || fed != fed_.end();
    if (ear.state != State::kRuns || !is_fed || !ear.child->can_be_handed()) continue;
    saved_.insert(id);
    EarRecord saved{ear, save_child(*ear.child, fds), {}};
    if (ear.writes) {
      saved.feed = fed->second;
      saved.feed.pipe = fds.add(static_cast<int>(fed->second.pipe));
    }
    (ear.writes ? all.ears : all.standbys).push_back(std::move(saved));
  }
  for (const auto& [mount, dead] : dead_) all.dead.push_back(dead);
  return all;
}

void DeadAirService::hand_over() {
  for (const std::uint64_t id : saved_) ears_.find(id)->second.child->let_go();
  stop();
}

void DeadAirService::take_over(const DeadAirRecord& saved, FdsIn& fds) {
  for (const EarRecord& one : saved.ears) take_ear(one, true, fds);
  for (const EarRecord& one : saved.standbys) take_ear(one, false, fds);
  for (const DeadMountRecord& one : saved.dead) dead_.insert_or_assign(one.mount, one);
}

void DeadAirService::take_ear(const EarRecord& saved, bool writes, FdsIn& fds) {
  auto child = restore_child(saved.child, fds);
  Taken taken{{}, saved.feed, writes ? fds.take(saved.feed.pipe) : UniqueFd()};
  if (!child || (writes && !taken.pipe)) return;  // check() starts another one
  taken.child = std::move(*child);
  const std::uint64_t id = next_id_++;
  Ear& ear = ears_[id];
  static_cast<HeardEncoder&>(ear) = saved.heard;
  ear.writes = writes;
  ear.state = State::kRuns;
  taken_.emplace(id, std::move(taken));
}

void DeadAirService::begin_taken() {
  for (auto& [id, taken] : std::exchange(taken_, {})) {
    const auto at = ears_.find(id);
    const auto mount = traffic_.mounts.find(at->second.mount);
    if (!mount) {
      ears_.erase(at);  // its program ends with the previous process
      continue;
    }
    Ear& ear = at->second;
    ear.child = ChildProcess::adopt(traffic_.loops.control(), std::move(taken.child), kMaxLines,
                                    callbacks_of(id));
    traffic_.log.debug("source/dead-air",
                       cat({ear.about, ", goes on as process ", ear.child->pid()}));
    if (ear.writes) feeds_.take_over(id, mount, taken.feed, std::move(taken.pipe));
  }
}

}  // namespace lb
