#include "app/cluster/sent_orders.h"

#include <utility>
#include <vector>

namespace lb {

std::uint64_t SentOrders::add(const std::string& node, Answered then, SteadyTime now) {
  const std::uint64_t number = next_++;
  orders_[number] = {node, std::move(then), now + kPatience};
  return number;
}

SentOrders::Answered SentOrders::take(const std::string& node, std::uint64_t number) {
  const auto at = orders_.find(number);
  if (at == orders_.end() || at->second.node != node) return {};
  Answered then = std::move(at->second.then);
  orders_.erase(at);
  return then;
}

void SentOrders::end_overdue(SteadyTime now) {
  end([now](const Order& order) { return order.until <= now; }, "no answer in time");
}

void SentOrders::end_of(const std::string& node) {
  end([&](const Order& order) { return order.node == node; }, "the link to the node has ended");
}

// An answer may send the next order: the map is left alone while they are given.
void SentOrders::end(const std::function<bool(const Order&)>& which, const std::string& why) {
  std::vector<std::pair<std::uint64_t, Answered>> over;
  std::erase_if(orders_, [&](auto& row) {
    if (!which(row.second)) return false;
    over.emplace_back(row.first, std::move(row.second.then));
    return true;
  });
  for (const auto& [number, then] : over) then({number, false, why});
}

}  // namespace lb
