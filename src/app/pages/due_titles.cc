#include "app/pages/due_titles.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/clock.h"

namespace lb {

bool DueTitles::add(const std::string& mount, TitleRequest request) {
  loop_.assert_here();
  if (!put(mount, std::move(request))) return false;
  work();
  return true;
}

std::vector<DueTitleRecord> DueTitles::save() const {
  std::vector<DueTitleRecord> all;
  for (const auto& [mount, titles] : waiting_)
    for (const auto& [at_ms, request] : titles) all.push_back({mount, request});
  return all;
}

void DueTitles::restore(DueTitleRecord saved) {
  if (saved.request.at_ms) put(saved.mount, std::move(saved.request));
}

bool DueTitles::put(const std::string& mount, TitleRequest request) {
  const auto known = waiting_.find(mount);
  if (known == waiting_.end()
          ? waiting_.size() >= kMaxMounts
          : known->second.size() >= kMaxOfMount && !known->second.contains(*request.at_ms))
    return false;
  const std::int64_t at_ms = *request.at_ms;
  waiting_[mount].insert_or_assign(at_ms, std::move(request));
  return true;
}

void DueTitles::work() {
  const std::int64_t now_ms = unix_ms(loop_.clock().wall());
  std::vector<std::pair<std::string, TitleRequest>> due;
  std::int64_t next_ms = 0;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    auto& titles = at->second;
    while (!titles.empty() && titles.begin()->first <= now_ms)
      due.emplace_back(at->first, std::move(titles.extract(titles.begin()).mapped()));
    if (titles.empty()) {
      at = waiting_.erase(at);
      continue;
    }
    const std::int64_t first_ms = titles.begin()->first;
    next_ms = next_ms == 0 ? first_ms : std::min(next_ms, first_ms);
    ++at;
  }
  // The wall clock may be set meanwhile, so the pause is short.
  constexpr std::chrono::milliseconds kLongest{1000};
  if (next_ms > 0) timer_.after(std::min(std::chrono::milliseconds(next_ms - now_ms), kLongest));
  for (auto& [mount, request] : due) set_(mount, std::move(request));
}

}  // namespace lb
