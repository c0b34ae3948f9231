// HashQueue: judges passwords against slow hashes on threads of its own, so that no loop stands
// still for them, and the end of the process does not wait for one.
//
// There are two lanes, each judging one hash at a time: hashes of usual costs do not wait behind
// dear ones (is_dear_hash), which an owner of a mount may choose.
// A right password is remembered for 60 s (as a keyed digest of hash and password, never in the
// clear), so that a storm of reconnections does not hash each of them.
// Thread: control; the hashing on HashThread.  Callbacks: once each, on control, perhaps before
// check() returns; or never when the server stops.
// Bounds: 64 waiting in each lane, 4096 remembered.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>

#include "auth/hash_thread.h"
#include "base/clock.h"
#include "base/unique_function.h"
#include "net/loop.h"

namespace lb {

class HashQueue {
 public:
  static constexpr std::size_t kMaxWaiting = 64;
  static constexpr std::size_t kMaxKnown = 4096;

  explicit HashQueue(Loop& control);

  // False: too many wait, the callback is destroyed uncalled.
  bool check(std::string hash, std::string password, UniqueFunction<void(bool)> done);
  bool is_busy() const noexcept { return usual_.busy || dear_.busy; }

 private:
  struct Job {
    std::string hash, password, key;
    UniqueFunction<void(bool)> done;
  };
  struct Lane {
    Lane(Loop& control, const char* name) : thread(control, name) {}
    std::deque<Job> waiting;  // the first of them is being judged while `busy`
    bool busy = false;
    HashThread thread;
  };
  void next(Lane& lane);
  void finished(Lane& lane, bool right);
  void remember(const std::string& key);

  Loop& control_;
  const std::string secret_;
  std::unordered_map<std::string, SteadyTime> known_;  // until when
  Lane usual_, dear_;
};

}  // namespace lb
