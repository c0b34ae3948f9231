// SentOrders: the orders that this master has sent to its nodes, until each is answered, overdue,
// or its node is gone.
// Source: doc/link.md, CMD and RES.
// Thread: control.
// Ownership: NodeLinks.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/clock.h"
#include "cluster/link/frame.h"

namespace lb {

class SentOrders {
 public:
  static constexpr std::chrono::seconds kPatience{5};
  using Answered = std::function<void(const ResultFrame&)>;

  // The number of the order, for its frame.
  std::uint64_t add(const std::string& node, Answered then, SteadyTime now);
  // The order is answered: its callback; empty: this node has none of this number.
  Answered take(const std::string& node, std::uint64_t number);
  void end_overdue(SteadyTime now);
  void end_of(const std::string& node);
  // No order is answered any more.
  void clear() { orders_.clear(); }
  bool empty() const noexcept { return orders_.empty(); }

 private:
  struct Order {
    std::string node;
    Answered then;
    SteadyTime until{};
  };
  void end(const std::function<bool(const Order&)>& which, const std::string& why);

  std::map<std::uint64_t, Order> orders_;  // by number
  std::uint64_t next_ = 1;
};

}  // namespace lb
