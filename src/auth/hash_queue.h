// HashQueue: judges passwords against slow hashes, one at a time on the clerk, so that no loop
// stands still for them.
//
// A right password is remembered for 60 s (as a keyed digest of hash and password, never in the
// clear), so that a storm of reconnections does not hash each of them.
// Thread: control; the hashing on the clerk.  Callbacks: once each, on control, perhaps before
// check() returns; or never when the server stops.
// Bounds: 64 waiting, 4096 remembered.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/unique_function.h"
#include "net/loop.h"

namespace lb {

class HashQueue {
 public:
  static constexpr std::size_t kMaxWaiting = 64;
  static constexpr std::size_t kMaxKnown = 4096;

  HashQueue(Loop& control, Loop& clerk);

  // False: too many wait, the callback is destroyed uncalled.
  bool check(std::string hash, std::string password, UniqueFunction<void(bool)> done);

 private:
  struct Job {
    std::string hash, password, key;
    UniqueFunction<void(bool)> done;
  };
  void next();
  void finished(Job job, bool right);
  void remember(const std::string& key);

  Loop& control_;
  Loop& clerk_;
  const std::string secret_;
  std::unordered_map<std::string, SteadyTime> known_;  // until when
  std::deque<Job> waiting_;
  bool busy_ = false;
};

}  // namespace lb
