#include "app/operate/listener_numbers.h"

#include <algorithm>
#include <cstdlib>
#include <set>

namespace lb {

void ListenerNumbers::number(const std::string& mount, std::vector<ListenerRow>& rows,
                             const std::vector<std::string>& missing, SteadyTime now) {
  std::erase_if(mounts_, [&](const auto& row) { return now - row.second.listed > kKept; });
  const std::int64_t now_s =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  Mount& known = mounts_[mount];
  Mount next;
  next.listed = now;
  const auto add = [&next](const std::pair<std::string, std::uint64_t>& at, Numbered numbered) {
    next.places.emplace(numbered.number, Place{at.first, at.second});
    next.numbers.emplace(at, numbered);
  };
  for (ListenerRow& row : rows) {
    if (row.node.empty()) continue;
    const std::pair at(row.node, row.id);
    Numbered numbered{0, now_s - static_cast<std::int64_t>(row.seconds)};
    const auto before = known.numbers.find(at);
    if (before != known.numbers.end() &&
        std::abs(before->second.since_s - numbered.since_s) <= kSinceSlackS)
      numbered = before->second;
    else
      numbered.number = next_.fetch_add(1, std::memory_order_relaxed);
    row.id = numbered.number;
    add(at, numbered);
  }
  std::set<std::string, std::less<>> whole;
  for (const auto& [at, numbered] : next.numbers) whole.insert(whole.end(), at.first);
  for (const std::string& node : missing) whole.erase(node);
  for (const auto& [at, numbered] : known.numbers)
    if (!whole.contains(at.first)) add(at, numbered);
  known = std::move(next);
}

const ListenerNumbers::Place* ListenerNumbers::find(const std::string& mount,
                                                    std::uint64_t number) const {
  const auto row = mounts_.find(mount);
  if (row == mounts_.end()) return nullptr;
  const auto place = row->second.places.find(number);
  return place == row->second.places.end() ? nullptr : &place->second;
}

std::vector<NumbersRecord> ListenerNumbers::save() const {
  std::vector<const decltype(mounts_)::value_type*> newest;
  for (const auto& row : mounts_) newest.push_back(&row);
  std::stable_sort(newest.begin(), newest.end(), [](const auto* a, const auto* b) {
    return a->second.listed > b->second.listed;
  });
  std::vector<NumbersRecord> all;
  std::size_t saved = 0;
  for (const auto* row : newest) {
    for (const auto& [at, numbered] : row->second.numbers) {
      if (saved++ == kMaxSaved) return all;
      if (all.empty() || all.back().mount != row->first || all.back().rows.size() >= kSavedAtOnce)
        all.push_back({row->first, row->second.listed, {}});
      all.back().rows.push_back({at.first, at.second, numbered.number, numbered.since_s});
    }
  }
  return all;
}

void ListenerNumbers::restore(const NumbersRecord& saved) {
  Mount& mount = mounts_[saved.mount];
  mount.listed = saved.listed;
  for (const NumberedRecord& row : saved.rows) {
    mount.places.emplace(row.number, Place{row.node, row.id});
    mount.numbers.emplace(std::pair(row.node, row.id), Numbered{row.number, row.since_s});
  }
}

}  // namespace lb
