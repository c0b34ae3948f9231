// ListenerAsks: the questions of this master about listeners at its nodes, until each is answered,
// overdue, or its node is gone.
// Source: doc/link.md, ASK and TELL.
// Thread: control.
// Ownership: NodeLinks.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "cluster/link/frame.h"
#include "net/loop.h"

namespace lb {

class ListenerAsks {
 public:
  static constexpr std::chrono::milliseconds kPatience{1000};
  using Told = std::function<void(const TellFrame*)>;  // null: no answer

  explicit ListenerAsks(Loop& loop) : loop_(loop), timer_(loop, [this] { end_overdue(); }) {}

  // The number of the question, for its frame.
  std::uint64_t add(const std::string& node, Told then);
  void told(const std::string& node, const TellFrame& frame);
  void end_of(const std::string& node);
  // No question is answered any more.
  void stop();

 private:
  struct Ask {
    std::string node;
    Told then;
    SteadyTime until{};
  };
  void end_overdue();
  void end(const std::function<bool(const Ask&)>& which);

  Loop& loop_;
  std::map<std::uint64_t, Ask> asks_;  // by number
  std::uint64_t next_ = 1;
  Timer timer_;
};

}  // namespace lb
