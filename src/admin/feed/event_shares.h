// What a full list of events drops, so that one mount's encoder that comes and goes a thousand
// times a second does not push out the events of all others.
// Thread: pure functions.
#pragma once

#include <cstddef>
#include <string_view>
#include <unordered_map>

namespace lb {

// The index of the oldest event of the newest one's owner, if that has more than a quarter of the
// list; else of the owner that has most, likewise; else `first`.  whose: the owner of a row.
template <class List, class Whose>
std::size_t event_to_drop(const List& list, std::size_t first, std::string_view newest,
                          Whose whose) {
  const std::size_t share = list.size() / 4;
  const auto oldest_of = [&](std::string_view owner) {
    std::size_t at = first;
    while (at < list.size() && whose(list[at]) != owner) ++at;
    return at;
  };
  std::size_t own = 0;
  for (std::size_t i = first; i < list.size(); ++i) own += whose(list[i]) == newest ? 1 : 0;
  if (own > share) return oldest_of(newest);
  std::unordered_map<std::string_view, std::size_t> counts;
  std::string_view most;
  std::size_t its = 0;
  for (std::size_t i = first; i < list.size(); ++i) {
    const std::string_view owner = whose(list[i]);
    if (const std::size_t count = ++counts[owner]; count > its) {
      its = count;
      most = owner;
    }
  }
  return its > share ? oldest_of(most) : first;
}

}  // namespace lb
