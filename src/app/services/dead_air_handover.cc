// The programs that listen for dead air, between two processes.
#include <utility>

#include "app/services/dead_air_service.h"
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
    if (ear.state != State::kRuns || !ear.writes || fed == fed_.end() ||
        !ear.child->can_be_handed())
      continue;
    saved_.insert(id);
    EarRecord saved;
    saved.mount = ear.mount;
    saved.encoder = ear.encoder;
    saved.home = ear.home;
    saved.about = ear.about;
    saved.content_type = ear.content_type;
    saved.after = ear.settings.after;
    saved.level = ear.settings.level;
    saved.failover = ear.settings.failover;
    saved.silent = ear.silent;
    saved.child = save_child(*ear.child, fds);
    saved.feed = fed->second;
    saved.feed.pipe = fds.add(static_cast<int>(fed->second.pipe));
    all.ears.push_back(std::move(saved));
  }
  for (const auto& [mount, dead] : dead_) all.dead.push_back({mount, dead.encoder, dead.since});
  return all;
}

void DeadAirService::hand_over() {
  for (const std::uint64_t id : saved_) ears_.find(id)->second.child->let_go();
  stop();
}

void DeadAirService::take_over(const DeadAirRecord& saved, FdsIn& fds) {
  for (const EarRecord& one : saved.ears) {
    auto child = restore_child(one.child, fds);
    Taken taken{{}, one.feed, fds.take(one.feed.pipe)};
    if (!child || !taken.pipe) continue;  // another one is started
    taken.child = std::move(*child);
    const std::uint64_t id = next_id_++;
    Ear& ear = ears_[id];
    ear.mount = one.mount;
    ear.encoder = one.encoder;
    ear.home = one.home;
    ear.writes = true;
    ear.about = one.about;
    ear.content_type = one.content_type;
    ear.settings = {one.after, static_cast<int>(one.level), one.failover};
    ear.state = State::kRuns;
    ear.silent = one.silent;
    taken_.emplace(id, std::move(taken));
  }
  for (const DeadMountRecord& one : saved.dead)
    dead_.insert_or_assign(one.mount, DeadAir{one.encoder, one.since});
}

void DeadAirService::begin_taken() {
  for (auto& [id, taken] : std::exchange(taken_, {})) {
    const auto at = ears_.find(id);
    const auto mount = traffic_.mounts.find(at->second.mount);
    if (!mount) {
      ears_.erase(at);  // its program ends with the process before
      continue;
    }
    Ear& ear = at->second;
    ear.child = ChildProcess::adopt(traffic_.loops.control(), std::move(taken.child), kMaxLines,
                                    callbacks_of(id));
    traffic_.log.debug("source/dead-air",
                       cat({ear.about, ", goes on as process ", ear.child->pid()}));
    feeds_.take_over(id, mount, taken.feed, std::move(taken.pipe));
  }
}

}  // namespace lb
