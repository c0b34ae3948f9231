#include "app/cluster/listener_asks.h"

#include <utility>
#include <vector>

namespace lb {

std::uint64_t ListenerAsks::add(const std::string& node, Told then) {
  const std::uint64_t number = next_++;
  asks_[number] = {node, std::move(then), loop_.now() + kPatience};
  if (!timer_.armed()) timer_.after(kPatience);
  return number;
}

void ListenerAsks::told(const std::string& node, const TellFrame& frame) {
  const auto at = asks_.find(frame.number);
  if (at == asks_.end() || at->second.node != node) return;
  const Told then = std::move(at->second.then);
  asks_.erase(at);
  then(&frame);
}

void ListenerAsks::end_of(const std::string& node) {
  end([&](const Ask& ask) { return ask.node == node; });
}

void ListenerAsks::end_overdue() {
  const SteadyTime now = loop_.now();
  end([now](const Ask& ask) { return ask.until <= now; });
  if (!asks_.empty())
    timer_.after(std::chrono::ceil<std::chrono::milliseconds>(asks_.begin()->second.until - now));
}

// An answer may ask again: the map is left alone while they are given.
void ListenerAsks::end(const std::function<bool(const Ask&)>& which) {
  std::vector<Told> over;
  std::erase_if(asks_, [&](auto& row) {
    if (!which(row.second)) return false;
    over.push_back(std::move(row.second.then));
    return true;
  });
  for (const Told& then : over) then(nullptr);
}

void ListenerAsks::stop() {
  timer_.cancel();
  asks_.clear();
}

}  // namespace lb
