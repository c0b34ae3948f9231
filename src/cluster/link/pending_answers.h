// PendingAnswers: the numbered questions and orders that were sent to peers, each until it is
// answered or overdue, or its peer is gone.
//
// Frame: the answer, with the number of its question.
// Source: doc/link.md, CMD and RES, ASK and TELL.
// Thread: that of the loop.
// Ownership: NodeLinks.
// Errors: no answer in time; the link to the peer has ended.  Questions that are dropped by stop()
// or the destructor get no call.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_function.h"
#include "net/loop/waits.h"

namespace lb {

template <class Frame>
class PendingAnswers {
 public:
  using Then = UniqueFunction<void(Result<Frame>)>;

  PendingAnswers(Loop& loop, std::chrono::milliseconds patience)
      : patience_(patience), waits_(loop, {}, [this](std::uint64_t number) {
          end(number, Error::timeout("no answer in time"));
        }) {}

  // Returns the number of the question, for its frame.
  std::uint64_t add(const std::string& peer, Then then) {
    const std::uint64_t number = next_++;
    static_cast<void>(waits_.park(number, {peer, std::move(then)}, patience_));  // has no limits
    return number;
  }
  // False, and ignored, if the question went to another peer, or has ended.
  bool answered(const std::string& peer, Frame frame) {
    const std::uint64_t number = frame.number;
    if (!is_of(peer, number)) return false;
    end(number, std::move(frame));
    return true;
  }
  void end_of(const std::string& peer) {
    for (const std::uint64_t number : waits_.keys())
      if (is_of(peer, number)) end(number, Error::closed("the link to the node has ended"));
  }
  void end_all(const std::string& why) {
    for (const std::uint64_t number : waits_.keys()) end(number, Error::closed(why));
  }
  bool empty() const noexcept { return waits_.size() == 0; }
  void stop() { waits_.clear(); }
  // Ends questions that are overdue at this time of Loop::awake(); a timer calls it.
  void expire(SteadyTime now) { waits_.expire(now); }

 private:
  struct Question {
    std::string peer;
    Then then;
  };
  bool is_of(const std::string& peer, std::uint64_t number) const {
    const auto& asked = waits_.of(number);
    return !asked.empty() && asked.front().peer == peer;
  }
  // The callback may ask the next question.
  void end(std::uint64_t number, Result<Frame> outcome) {
    for (Question& asked : waits_.release(number)) asked.then(std::move(outcome));
  }

  const std::chrono::milliseconds patience_;
  Waits<Question, std::uint64_t> waits_;
  std::uint64_t next_ = 1;
};

}  // namespace lb
