#include "hls/list_table.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace lb {
namespace {

constexpr std::chrono::minutes kUnasked{1};

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

void HlsListTable::drop_unasked(SteadyTime now) {
  std::erase_if(lists_, [now](const auto& row) { return row.second->until + kUnasked < now; });
  most_ = std::max<std::size_t>(most_, 2 * lists_.size());
}

}  // namespace lb
