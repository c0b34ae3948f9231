// Waits: the waiting room: requests parked under a key, in order of arrival, until they are taken
// or the key's deadline is over.
//
// The owner defines a request: the id of a connection, and the data to resume it.  It takes
// requests out and wakes them with an outcome; if the client has left, its id is not found, and
// nothing remains.
// A key's deadline counts from its first request, and stops while the loop is away.  The owner
// decides its effect: all or some requests end, or are checked again.
//
// Thread: the loop's.  The only callback is `expired`, from the loop; it may call any function
// here.
// Ownership: its owner.  The destructor wakes no request.
// Bounds: numbers of keys, of requests of a key, and of all requests; further ones are refused.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
#include <list>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "net/loop/loop.h"

namespace lb {

template <class Request, class Key = std::string>
class Waits {
 public:
  static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();
  struct Limits {
    std::size_t keys = kNoLimit, of_key = kNoLimit, all = kNoLimit;
  };
  using Requests = std::list<Request>;
  // The deadline of the key is over; its requests stay until they are taken.
  using Expired = std::function<void(const Key&)>;

  Waits(Loop& loop, const Limits& limits, Expired expired)
      : loop_(loop),
        limits_(limits),
        expired_(std::move(expired)),
        deadline_(loop, [this] { ring(); }) {}

  // False: too many; the request is unchanged.  A key whose deadline is over gets no new one: it
  // expires again in the next turn.
  [[nodiscard]] bool park(const Key& key, Request&& request, SteadyTime::duration patience) {
    if (size_ >= limits_.all) return false;
    const auto before = rows_.find(key);
    if (before == rows_.end() ? rows_.size() >= limits_.keys
                              : before->second.requests.size() >= limits_.of_key)
      return false;
    Row& row = before == rows_.end() ? rows_[key] : before->second;
    row.requests.push_back(std::move(request));
    ++size_;
    if (before == rows_.end() || row.over)
      set_due(key, row, row.over ? SteadyTime::duration(0) : patience);
    return true;
  }
  // Sets the deadline to this time from now.
  void extend(const Key& key, SteadyTime::duration patience) {
    if (const auto at = rows_.find(key); at != rows_.end()) set_due(key, at->second, patience);
  }

  // Takes all requests of this key, in order, and removes the key.
  Requests release(const Key& key) {
    const auto row = rows_.extract(key);
    if (!row) return {};
    if (!row.mapped().over) due_.erase({row.mapped().due, key});
    size_ -= row.mapped().requests.size();
    return std::move(row.mapped().requests);
  }
  // Takes requests of this key for which which(request); the key and its deadline stay.
  template <class Which>
  Requests take_if(const Key& key, Which which) {
    Requests taken;
    const auto at = rows_.find(key);
    if (at == rows_.end()) return taken;
    Requests& all = at->second.requests;
    for (auto each = all.begin(); each != all.end();) {
      const auto one = each++;
      if (which(std::as_const(*one))) taken.splice(taken.end(), all, one);
    }
    size_ -= taken.size();
    return taken;
  }
  // Takes the request that has waited longest.  REQUIRES: !of(key).empty()
  Request take_first(const Key& key) {
    Requests& all = rows_.find(key)->second.requests;
    Request taken = std::move(all.front());
    all.pop_front();
    --size_;
    return taken;
  }
  void clear() {
    deadline_.cancel();
    due_.clear();
    size_ = 0;
    std::exchange(rows_, {}).clear();  // destructors of requests may call back
  }

  // Whether the key has a deadline, though all its requests may have been taken.
  template <class Name>
  bool contains(const Name& key) const {
    return rows_.find(key) != rows_.end();
  }
  const Requests& of(const Key& key) const {
    static const Requests kNone;
    const auto at = rows_.find(key);
    return at == rows_.end() ? kNone : at->second.requests;
  }
  std::size_t size() const noexcept { return size_; }
  std::vector<Key> keys() const {
    std::vector<Key> keys;
    for (const auto& [key, row] : rows_) keys.push_back(key);
    return keys;
  }

  // Ends deadlines up to this time of Loop::awake(); its timer calls it.
  void expire(SteadyTime now) {
    std::vector<Key> over;
    while (!due_.empty() && due_.begin()->first <= now) {
      Key key = std::move(due_.extract(due_.begin()).value().second);
      rows_.find(key)->second.over = true;
      over.push_back(std::move(key));
    }
    for (const Key& key : over)
      if (const auto at = rows_.find(key); at != rows_.end() && at->second.over) expired_(key);
    if (!deadline_.armed()) arm(now);
  }

 private:
  struct Row {
    Requests requests;
    SteadyTime due{};
    bool over = false;  // it is not in due_
  };

  // Events of the turn in which a deadline ends, such as a release, come before it.
  void ring() {
    if (std::exchange(rang_, true)) return expire(std::max(loop_.awake(), armed_for_));
    deadline_.after(std::chrono::microseconds(0));
  }
  void set_due(const Key& key, Row& row, SteadyTime::duration patience) {
    const SteadyTime now = loop_.awake();
    if (!row.over) due_.erase({row.due, key});
    row.over = false;
    row.due = now + patience;
    due_.emplace(row.due, key);
    if (!deadline_.armed() || row.due < armed_for_) arm(now);
  }
  // For the earliest deadline, which may be gone when the timer fires.
  void arm(SteadyTime now) {
    if (due_.empty()) return;
    rang_ = false;
    armed_for_ = due_.begin()->first;
    deadline_.after(armed_for_ - now);
  }

  Loop& loop_;
  const Limits limits_;
  const Expired expired_;
  std::map<Key, Row, std::less<>> rows_;
  std::set<std::pair<SteadyTime, Key>> due_;
  std::size_t size_ = 0;
  SteadyTime armed_for_{};  // over once its timer fires, whatever the clock says
  bool rang_ = false;
  Deadline deadline_;
};

}  // namespace lb
