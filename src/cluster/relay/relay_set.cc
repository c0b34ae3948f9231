#include "cluster/relay/relay_set.h"

#include "cluster/relay/relay.h"

namespace lb {

RelaySet::RelaySet(RelayHost& host)
    : host_(host),
      again_(host.connector().loop(), [this] { check(); }),
      begin_(host.connector().loop(), [this] { host_.relays_begun(begin_some()); }) {
  again_.after(host_.timing().poll_every);
}

RelaySet::~RelaySet() = default;

void RelaySet::clear() {
  to_begin_.clear();
  awake_.clear();
  by_id_.clear();
  relays_.clear();
}

void RelaySet::want(std::vector<RelayPlan> plans) {
  std::set<std::string_view> wanted;
  for (const RelayPlan& plan : plans) wanted.insert(plan.local_mount);
  std::erase_if(relays_, [&](const auto& row) {
    if (wanted.contains(row.first)) return false;
    forget(*row.second);
    return true;
  });
  to_begin_.clear();
  std::vector<RelayPlan*> fresh;
  for (RelayPlan& plan : plans) {
    if (wanted.erase(plan.local_mount) == 0) continue;  // a second plan for this mount
    if (const auto at = relays_.find(plan.local_mount); at == relays_.end())
      fresh.push_back(&plan);
    else if (!(at->second->plan() == plan))
      change(*at->second, plan);
  }
  for (RelayPlan* plan : fresh) to_begin_.emplace(plan->local_mount, std::move(*plan));
  begin_some();
}

void RelaySet::forget(const Relay& relay) {
  by_id_.erase(relay.id());
  awake_.erase(relay.id());
}

void RelaySet::change(Relay& relay, RelayPlan plan) {
  awake_.insert(relay.id());
  relay.update(std::move(plan));
}

void RelaySet::want_too(RelayPlan plan) {
  if (const auto at = relays_.find(plan.local_mount); at != relays_.end()) {
    if (!(at->second->plan() == plan)) change(*at->second, std::move(plan));
    return;
  }
  to_begin_.insert_or_assign(plan.local_mount, std::move(plan));
  if (!begin_.armed()) begin_.after(std::chrono::microseconds(0));
}

void RelaySet::want_no(std::string_view mount) {
  if (const auto at = to_begin_.find(mount); at != to_begin_.end()) to_begin_.erase(at);
  if (const auto at = relays_.find(mount); at != relays_.end()) {
    forget(*at->second);
    relays_.erase(at);
  }
}

void RelaySet::begin(std::string_view mount) {
  const auto at = to_begin_.find(mount);
  if (at != to_begin_.end()) add(std::move(to_begin_.extract(at).mapped()));
}

std::set<std::string> RelaySet::begin_some() {
  std::set<std::string> begun;
  std::size_t asking = 0;
  while (begun.size() < kBegunATurn && asking < kAskingATurn && !to_begin_.empty()) {
    begun.insert(to_begin_.begin()->first);
    if (add(std::move(to_begin_.extract(to_begin_.begin()).mapped())).asks()) ++asking;
  }
  if (!to_begin_.empty()) begin_.after(kTurn);
  return begun;
}

const Relay& RelaySet::add(RelayPlan plan) {
  const std::string mount = plan.local_mount;
  auto relay = std::make_unique<Relay>(host_, next_id_++, std::move(plan));
  Relay& added = *relay;
  by_id_.emplace(added.id(), &added);
  relays_.emplace(mount, std::move(relay));
  added.start();
  note_awake(added);
  return added;
}

void RelaySet::note_awake(const Relay& relay) {
  if (relay.is_idle() && relay.plan().on_demand)
    awake_.erase(relay.id());
  else
    awake_.insert(relay.id());
}

void RelaySet::check_mount(std::string_view mount) {
  if (const auto at = relays_.find(mount); at != relays_.end()) awake_.insert(at->second->id());
}

bool RelaySet::demand(std::string_view mount) {
  begin(mount);
  const auto at = relays_.find(mount);
  if (at == relays_.end()) return false;
  awake_.insert(at->second->id());
  return at->second->demand();
}

Relay* RelaySet::find(std::uint64_t id) {
  const auto at = by_id_.find(id);
  return at == by_id_.end() ? nullptr : at->second;
}

const Relay* RelaySet::of_mount(std::string_view mount) const {
  const auto at = relays_.find(mount);
  return at == relays_.end() ? nullptr : at->second.get();
}

void RelaySet::mount_is_free(std::string_view mount) {
  const auto at = relays_.find(mount);
  if (at == relays_.end()) return;
  awake_.insert(at->second->id());
  at->second->mount_is_free();
}

void RelaySet::went_on(std::string_view mount, const Seam& seam) {
  if (const auto at = relays_.find(mount); at != relays_.end()) at->second->went_on(seam);
}

void RelaySet::path_opened(const ConnectTarget& to) {
  for (const auto& [mount, relay] : relays_) {
    relay->path_opened(to);
    note_awake(*relay);
  }
}

// An idle relay without listeners needs no check.
void RelaySet::check() {
  for (const auto used = host_.mounts_in_use(); const auto& [mount, row] : used) check_mount(mount);
  for (const std::uint64_t id : std::vector<std::uint64_t>(awake_.begin(), awake_.end())) {
    Relay* const relay = find(id);
    if (relay == nullptr) continue;
    relay->poll_listeners();
    note_awake(*relay);
  }
  again_.after(coalesced(host_.connector().loop(), host_.timing().poll_every));
}

}  // namespace lb
