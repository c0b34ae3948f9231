#include "app/topology/mount_lookup.h"

#include <utility>

namespace lb {

MountLookup::MountLookup(Loop& loop, Callbacks callbacks)
    : loop_(loop),
      callbacks_(std::move(callbacks)),
      parked_(loop, {kMaxMounts, kMaxRequests, kMaxParked},
              {callbacks_.wake,
               [this](const std::string& mount) { end(mount, WaitOutcome::kElsewhere); }}) {}

void MountLookup::lookup_mount(const std::string& mount, const ParkedRequest& request,
                               Masters masters) {
  if (callbacks_.is_here(mount)) {
    callbacks_.wake(request, WaitOutcome::kReady);
    return;
  }
  if (at_master(mount) != nullptr) {
    callbacks_.wake(request, WaitOutcome::kElsewhere);
    return;
  }
  const auto before = asked_.find(mount);
  Asked asked = before == asked_.end() ? Asked{} : before->second;
  const bool has_room = before != asked_.end() || asked_.size() < kMaxMounts;
  const bool asks_lists = has_room && masters.polled && !asked.polled;
  if (has_room && masters.linked && !asked.linked &&
      questions_.allows(loop_.now(), kMaxQuestions)) {
    asked.linked = true;
    asked.unanswered = callbacks_.ask_linked(mount);
  }
  asked.polled = asked.polled || asks_lists;
  const bool is_asked = asked.unanswered > 0 || asked.polled;
  const ParkedRequests::Patience patience{asked.polled ? kListPatience : kLinkPatience};
  if (!is_asked || !parked_.park(mount, request, patience)) {
    callbacks_.wake(request, WaitOutcome::kElsewhere);
    return;
  }
  asked_[mount] = asked;
  if (!asks_lists) return;
  parked_.extend(mount, kListPatience);
  callbacks_.ask_polled();
}

const std::string* MountLookup::at_master(const std::string& mount) const {
  const auto found = at_master_.find(mount);
  return found == at_master_.end() || found->second.until < loop_.now() ? nullptr
                                                                        : &found->second.master;
}

void MountLookup::mount_looked_up(const std::string& master, const std::string& mount, bool known) {
  const auto at = asked_.find(mount);
  if (at == asked_.end()) return;
  Asked& asked = at->second;
  // The offer came before this answer: the mount is here, unless this node may not have it.
  if (known && asked.known_to.empty()) asked.known_to = master;
  if (known && callbacks_.is_here(mount)) {
    end(mount, WaitOutcome::kReady);
  } else if (asked.unanswered > 0 && --asked.unanswered == 0 && !asked.polled) {
    const bool is_known = !asked.known_to.empty();
    if (is_known) note_at_master(mount, asked.known_to);
    end(mount, is_known ? WaitOutcome::kElsewhere : WaitOutcome::kNever);
  }
}

void MountLookup::note_at_master(const std::string& mount, const std::string& master) {
  const SteadyTime now = loop_.now();
  if (at_master_.size() >= kMaxMounts)
    std::erase_if(at_master_, [now](const auto& row) { return row.second.until < now; });
  if (at_master_.size() < kMaxMounts) at_master_[mount] = {master, now + kAnswerLasts};
}

void MountLookup::mounts_changed() {
  for (const std::string& mount : parked_.keys())
    if (callbacks_.is_here(mount)) end(mount, WaitOutcome::kReady);
}

void MountLookup::links_lost() {
  for (const std::string& mount : parked_.keys()) {
    Asked& asked = asked_[mount];
    asked.unanswered = 0;
    if (!asked.polled) end(mount, WaitOutcome::kElsewhere);
  }
}

void MountLookup::stop() {
  asked_.clear();
  parked_.clear();
}

void MountLookup::end(const std::string& mount, WaitOutcome outcome) {
  asked_.erase(mount);
  parked_.release(mount, outcome);
}

}  // namespace lb
