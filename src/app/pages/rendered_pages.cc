#include "app/pages/rendered_pages.h"

#include <algorithm>
#include <utility>

namespace lb {

RenderedPages::Step RenderedPages::ask(const std::string& key, bool one_mount, SteadyTime now,
                                       Then then) {
  const auto at = entries_.find(key);
  const bool kept = at != entries_.end();
  if (kept && at->second.page && now <= at->second.fresh_until) {
    then(at->second.page);
    return Step::kAnswered;
  }
  if (kept && at->second.rendering) {
    at->second.waiting.push_back(std::move(then));
    return Step::kWaits;
  }
  if (queued_ >= (one_mount ? kMaxQueued : kMaxQueuedOfAll)) {
    then(kept ? at->second.page : nullptr);  // an old page rather than none
    return Step::kAnswered;
  }
  if (!kept) make_room(now);
  Entry& entry = entries_[key];
  entry.waiting.push_back(std::move(then));
  entry.rendering = true;
  ++queued_;
  return Step::kRender;
}

void RenderedPages::made(const std::string& key, const Page& page, SteadyTime fresh_until) {
  Entry& entry = entries_[key];
  entry.page = page;
  entry.fresh_until = fresh_until;
  if (std::exchange(entry.rendering, false)) --queued_;
  living_.push_back(page);
  for (Then& waiting : std::exchange(entry.waiting, {})) waiting(page);
}

// Removes all pages that are not fresh, or else the one that expires first.
void RenderedPages::make_room(SteadyTime now) {
  if (entries_.size() < kMaxPages) return;
  std::erase_if(entries_, [now](const auto& row) {
    return !row.second.rendering && now > row.second.fresh_until;
  });
  if (entries_.size() < kMaxPages) return;
  auto oldest = entries_.end();
  for (auto row = entries_.begin(); row != entries_.end(); ++row)
    if (!row->second.rendering &&
        (oldest == entries_.end() || row->second.fresh_until < oldest->second.fresh_until))
      oldest = row;
  if (oldest != entries_.end()) entries_.erase(oldest);
}

std::vector<RenderedPages::Page> RenderedPages::too_old() {
  std::vector<Page> alive;
  std::size_t bytes = 0;
  for (const auto& one : living_)
    if (Page page = one.lock()) {
      bytes += *page ? (*page)->body.size() : 0;
      alive.push_back(std::move(page));
    }
  living_.assign(alive.begin(), alive.end());
  std::size_t gone = 0;
  // The newest rendering stays, however large it is.
  while (bytes > kMaxBytes && gone + 1 < alive.size()) {
    const Page& page = alive[gone++];
    bytes -= *page ? (*page)->body.size() : 0;
    for (auto row = entries_.begin(); row != entries_.end();) {
      const bool this_one = row->second.page == page;
      if (this_one) row->second.page = nullptr;
      row = this_one && !row->second.rendering ? entries_.erase(row) : std::next(row);
    }
  }
  alive.resize(gone);
  return alive;
}

}  // namespace lb
