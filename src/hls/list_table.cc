#include "hls/list_table.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "stream/mount/mount.h"

namespace lb {
namespace {

constexpr std::chrono::minutes kUnasked{1};
constexpr std::chrono::seconds kOver{1};  // by the clock of any worker

}  // namespace

HlsLiveListPtr HlsListTable::of(const std::string& mount) const {
  static const auto kEmpty = std::make_shared<const HlsLiveList>();
  std::lock_guard<std::mutex> guard(mutex_);
  const auto found = lists_.find(mount);
  return found == lists_.end() ? kEmpty : found->second;
}

HlsLiveListPtr HlsListTable::follow(const std::string& mount, const HlsLiveListPtr& from,
                                    HlsLiveListPtr next) {
  std::lock_guard<std::mutex> guard(mutex_);
  if (lists_.size() >= most_) drop_unasked(next->until);
  const auto [row, is_new] = lists_.try_emplace(mount, next);
  if (!is_new && row->second == from) row->second.swap(next);
  return row->second;
}

std::vector<HlsListRecord> HlsListTable::save() const {
  std::vector<HlsListRecord> saved;
  std::lock_guard<std::mutex> guard(mutex_);
  for (const auto& [name, list] : lists_)
    if (const auto mount = list->mount.lock())
      saved.push_back({name, mount->hls_listed_end.load(std::memory_order_relaxed), list->pace});
  return saved;
}

void HlsListTable::go_on(const HlsListRecord& saved, const std::shared_ptr<Mount>& mount,
                         SteadyTime now) {
  auto list = std::make_shared<HlsLiveList>();
  list->mount = mount;
  list->until = now - kOver;  // it has no text yet
  list->pace = saved.pace;
  mount->hls_listed_end = saved.listed_end;
  std::lock_guard<std::mutex> guard(mutex_);
  lists_[saved.mount] = std::move(list);
}

void HlsListTable::drop_unasked(SteadyTime now) {
  std::erase_if(lists_, [now](const auto& row) { return row.second->until + kUnasked < now; });
  most_ = std::max<std::size_t>(most_, 2 * lists_.size());
}

}  // namespace lb
