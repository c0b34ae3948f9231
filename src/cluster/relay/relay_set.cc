#include "cluster/relay/relay_set.h"

#include <set>

namespace lb {

RelaySet::RelaySet(RelayHost& ground)
    : host_(ground), again_(ground.connector().loop(), [this] { look(); }) {
  again_.after(host_.timing().poll_every);
}

RelaySet::~RelaySet() = default;

void RelaySet::want(const std::vector<RelayPlan>& plans) {
  std::set<std::string_view> wanted;
  for (const RelayPlan& plan : plans) wanted.insert(plan.local_mount);
  std::erase_if(relays_, [&](const auto& row) { return !wanted.contains(row.first); });
  for (const RelayPlan& plan : plans) {
    if (wanted.erase(plan.local_mount) == 0) continue;  // the second plan for this mount
    if (const auto at = relays_.find(plan.local_mount); at != relays_.end()) {
      at->second->update(plan);
      continue;
    }
    auto relay = std::make_unique<Relay>(host_, next_id_++, plan);
    Relay& added = *relay;
    relays_.emplace(plan.local_mount, std::move(relay));
    added.start();
  }
}

bool RelaySet::demand(std::string_view mount) {
  const auto at = relays_.find(mount);
  return at != relays_.end() && at->second->demand();
}

Relay* RelaySet::find(std::uint64_t id) {
  for (const auto& [mount, relay] : relays_)
    if (relay->id() == id) return relay.get();
  return nullptr;
}

const Relay* RelaySet::of_mount(std::string_view mount) const {
  const auto at = relays_.find(mount);
  return at == relays_.end() ? nullptr : at->second.get();
}

void RelaySet::mount_is_free(std::string_view mount) {
  if (const auto at = relays_.find(mount); at != relays_.end()) at->second->mount_is_free();
}

void RelaySet::went_on(std::string_view mount, const Seam& seam) {
  if (const auto at = relays_.find(mount); at != relays_.end()) at->second->went_on(seam);
}

void RelaySet::path_opened(const ConnectTarget& to) {
  for (const auto& [mount, relay] : relays_) relay->path_opened(to);
}

void RelaySet::look() {
  for (const auto& [mount, relay] : relays_) relay->poll_listeners();
  again_.after(host_.timing().poll_every);
}

}  // namespace lb
