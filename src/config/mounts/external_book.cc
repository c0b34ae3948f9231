#include "config/mounts/external_book.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"

namespace lb {
namespace {

constexpr unsigned kAbsentTwice = 2;

std::set<std::string, std::less<>> names_of(const std::vector<ExternalMount>& mounts) {
  std::set<std::string, std::less<>> names;
  for (const ExternalMount& mount : mounts) names.insert(mount.mount);
  return names;
}

// "/mounts/3" for a mount without a name.
std::string fault_key(const ExternalMount& mount) {
  if (!mount.mount.empty()) return mount.mount;
  const std::string& pointer = mount.faults.front().pointer;
  return pointer.substr(0, pointer.find('/', std::string_view("/mounts/").size()));
}

}  // namespace

void ExternalBook::restore(ExternalList copy) {
  for (const ExternalMount& mount : copy.mounts)
    if (mount.faults.empty()) put(mount.record, mount.by_name);
  identity_ = std::move(copy.etag);
}

bool ExternalBook::put(const std::shared_ptr<const MountRecord>& record, bool by_name) {
  const auto* known = records_.look_up(record->mount);
  const bool same = known != nullptr && **known == *record;
  faults_.erase(record->mount);
  held_[record->mount] = {by_name, 0, 0};
  if (!same) records_.set(record->mount, record);
  return !same;
}

void ExternalBook::no_room_for(const std::string& mount, std::size_t limit) {
  refused_for_room_ = true;
  if (faults_.size() >= kMaxExternalMounts) return;
  faults_[mount] = {{"/mounts", cat({"there are ", held_.size(),
                                     " mounts with those that wait for their removal (limit ",
                                     limit, "); it is not taken yet"})}};
}

void ExternalBook::remove(const std::vector<std::string>& names, Step& step) {
  for (const std::string& name : names) {
    if (held_.erase(name) == 0) continue;
    records_.erase(name);
    faults_.erase(name);
    step.removed.push_back(name);
    step.changed = true;
  }
  // The same list may now add mounts that were refused for lack of room.
  if (step.changed && std::exchange(refused_for_room_, false)) identity_.clear();
}

ExternalBook::Step ExternalBook::list_came(std::vector<ExternalMount> mounts,
                                           const std::string& identity) {
  Step step;
  if (!identity.empty() && identity == identity_) return same_list();  // the same list again
  ++lists_;
  faults_.clear();
  refused_for_room_ = false;
  const bool empty = mounts.empty();
  const auto listed = names_of(mounts);
  for (const ExternalMount& mount : mounts) {
    if (!mount.faults.empty())
      faults_[fault_key(mount)] = mount.faults;
    else if (!knows(mount.mount) && held_.size() >= kMaxHeld)
      no_room_for(mount.mount, kMaxHeld);
    else
      step.changed = put(mount.record, false) || step.changed;
  }
  const bool counts = !empty || rules_.allow_empty;
  std::vector<std::string> missing;
  for (auto& [name, held] : held_) {
    if (held.by_name) continue;
    if (listed.contains(name)) {
      held.missed = 0;
      continue;
    }
    if (counts) ++held.missed;
    missing.push_back(name);
  }
  pending_.reset();
  unanswered_.clear();
  missing_ = {missing.begin(), missing.end()};
  identity_ = identity;
  if (missing.empty()) return step;
  if (!counts) {
    pending_ = Pending{identity, std::move(missing), 1, true};
    step.waits = true;
  } else {
    step.ask = std::move(missing);
  }
  return step;
}

ExternalBook::Step ExternalBook::same_list() {
  ++lists_;
  if (pending_) return count_again();
  Step step;
  step.ask = std::exchange(unanswered_, {});
  return step;
}

ExternalBook::Step ExternalBook::count_again() {
  if (pending_->by_hand) return {};
  std::vector<std::string> names = std::move(pending_->names);
  pending_.reset();
  for (const std::string& name : names)
    if (const auto held = held_.find(name); held != held_.end()) ++held->second.missed;
  Step step = remove_or_wait(std::move(names));
  step.waits = false;  // it has waited already
  return step;
}

ExternalBook::Step ExternalBook::remove_or_wait(std::vector<std::string> gone) {
  Step step;
  const unsigned confirm = rules_.confirm;
  unsigned seen = 1;
  const auto waiting = std::partition(gone.begin(), gone.end(), [&](const std::string& name) {
    const auto held = held_.find(name);
    return held == held_.end() || (confirm != 0 && held->second.missed >= confirm);
  });
  std::vector<std::string> wait(waiting, gone.end());
  gone.erase(waiting, gone.end());
  if (!wait.empty()) {
    std::sort(wait.begin(), wait.end());
    if (confirm != 0) {
      seen = confirm;
      for (const std::string& name : wait) seen = std::min(seen, held_.find(name)->second.missed);
    }
    pending_ = Pending{identity_, std::move(wait), seen, confirm == 0};
    step.waits = true;
  }
  std::sort(gone.begin(), gone.end());
  remove(gone, step);
  return step;
}

ExternalBook::Step ExternalBook::missing_answered(const std::vector<std::string>& asked,
                                                  std::vector<ExternalMount> found) {
  Step step;
  const auto present = names_of(found);
  for (const ExternalMount& mount : found) {
    if (std::find(asked.begin(), asked.end(), mount.mount) == asked.end()) continue;
    if (!missing_.contains(mount.mount)) continue;  // a newer list has arrived
    if (mount.faults.empty()) step.changed = put(mount.record, false) || step.changed;
    faults_[mount.mount] = mount.faults;
    if (mount.faults.empty())
      faults_[mount.mount].push_back(
          {"/mounts", "it is not in the list, but known by its name; it stays"});
  }
  std::vector<std::string> gone;
  for (const std::string& name : asked)
    if (!present.contains(name) && missing_.contains(name) && knows(name)) gone.push_back(name);
  if (gone.empty()) return step;
  const bool many = gone.size() > kMaxAtOnce || gone.size() * 2 > held_.size();
  if (!many) {
    remove(gone, step);
    return step;
  }
  Step next = remove_or_wait(std::move(gone));
  next.changed = next.changed || step.changed;
  return next;
}

ExternalBook::Step ExternalBook::names_answered(const std::vector<std::string>& asked,
                                                std::vector<ExternalMount> found) {
  Step step;
  const auto present = names_of(found);
  for (const ExternalMount& mount : found) {
    if (std::find(asked.begin(), asked.end(), mount.mount) == asked.end()) continue;
    const auto held = held_.find(mount.mount);
    if (held != held_.end() && !held->second.by_name) continue;  // the list has priority
    if (!mount.faults.empty())
      faults_[mount.mount] = mount.faults;
    else if (held != held_.end() || held_.size() < kMaxExternalMounts)
      step.changed = put(mount.record, true) || step.changed;
    else
      no_room_for(mount.mount, kMaxExternalMounts);
  }
  std::vector<std::string> gone;
  for (const std::string& name : asked) {
    const auto held = held_.find(name);
    if (held == held_.end() || !held->second.by_name || present.contains(name)) continue;
    Held& row = held->second;
    if (row.absent == 0 || row.absent_at != lists_) {
      row.absent_at = lists_;
      ++row.absent;
    }
    if (row.absent >= kAbsentTwice) gone.push_back(name);
  }
  if (gone.size() > kMaxAtOnce)
    std::erase_if(gone, [this](const std::string& name) {
      return held_.find(name)->second.absent < kAbsentTwice + std::max(rules_.confirm, 2u);
    });
  remove(gone, step);
  return step;
}

Result<ExternalBook::Step> ExternalBook::confirm(std::string_view identity) {
  if (!pending_ || pending_->identity != identity)
    return Error::not_found("no removal waits for this list");
  Step step;
  remove(pending_->names, step);
  pending_.reset();
  return step;
}

std::vector<ExternalMount> ExternalBook::copy() const {
  std::vector<ExternalMount> mounts;
  mounts.reserve(held_.size());
  for (const auto& [name, record] : records_)
    mounts.push_back({name, record, {}, held_.find(name)->second.by_name});
  return mounts;
}

std::string_view ExternalBook::copied_identity() const {
  const bool settled = !pending_ && unanswered_.empty() && faults_.empty();
  return settled ? std::string_view(identity_) : std::string_view();
}

std::vector<std::string> ExternalBook::by_name() const {
  std::vector<std::string> names;
  for (const auto& [name, held] : held_)
    if (held.by_name) names.push_back(name);
  return names;
}

}  // namespace lb
