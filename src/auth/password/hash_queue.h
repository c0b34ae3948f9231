// HashQueue: compares passwords with slow hashes on its own threads, so that no loop is blocked,
// and the process need not wait for one to end.
//
// Two lanes, each with one hash at a time: hashes of usual cost do not wait behind expensive ones
// (is_dear_hash), which the owner of a mount may choose.
// Equal questions at the same time are judged once.
//
// Strangers are logins from an address from which their name has never logged in: invented names
// also cost a hash.  They have a separate bounded space in each lane, of which one address gets a
// small part, and get every fourth hash while others wait: so a flood delays neither encoders and
// listeners, nor logins from known addresses.
//
// A right password is kept for 60 s (as a keyed digest of hash and password, never in the clear),
// so that a storm of reconnections need not hash each.
// Thread: control; the hashing on HashThread.  Callbacks: once each, on control, perhaps before
// check() returns; or never when the server stops.
// Bounds: 64 and 16 strangers waiting in each lane, 4 of an address; 4096 remembered.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/unique_function.h"
#include "net/address/address.h"
#include "net/loop/loop.h"

namespace lb {

// HashThread: compares one password with a hash at a time, on a thread that is never joined.
//
// It is not a Loop, because a hash cannot be interrupted, and the end of the process must not wait
// for it.  The thread is detached; its data is shared between it and this object.
// Thread: control; it is started by the first question, after the forks of a daemon.
// Callbacks: on control; none once this object is gone.
class HashThread {
 public:
  // name: for `top -H`; at most 15 letters.
  HashThread(Loop& control, const char* name) : control_(control), name_(name) {}
  ~HashThread();
  HashThread(const HashThread&) = delete;
  HashThread& operator=(const HashThread&) = delete;

  // Only after the last question was answered.
  void judge(std::string hash, std::string password, UniqueFunction<void(bool)> done);

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared);

  Loop& control_;
  const char* const name_;
  std::shared_ptr<Shared> shared_;  // null: no question so far
  bool has_thread_ = false;
  UniqueFunction<void(bool)> done_;  // of the question under way
};

class HashQueue {
 public:
  static constexpr std::size_t kMaxWaiting = 64;
  static constexpr std::size_t kMaxStrangers = 16, kMaxOfAddress = 4;
  static constexpr std::size_t kMaxKnown = 4096;

  explicit HashQueue(Loop& control);

  // False: too many wait; the callback is destroyed uncalled.
  bool check(std::string hash, std::string password, UniqueFunction<void(bool)> done);
  // The same for a login from an unknown address.
  bool check_stranger(const Address& from, std::string hash, std::string password,
                      UniqueFunction<void(bool)> done);
  bool is_busy() const noexcept { return usual_.judged || dear_.judged; }

 private:
  struct Job {
    std::string hash, password, key;
    std::string network;  // of a stranger; "": not a stranger
    std::vector<UniqueFunction<void(bool)>> done;
  };
  using Jobs = std::deque<Job>;
  struct Lane {
    Lane(Loop& control, const char* name) : thread(control, name) {}
    std::optional<Job> judged;
    Jobs waiting, strangers;
    unsigned turn = 0;
    HashThread thread;
  };
  bool take(Job job, UniqueFunction<void(bool)> done);
  void next(Lane& lane);
  void finished(Lane& lane, bool right);
  void remember(const std::string& key);

  Loop& control_;
  const std::string secret_;
  std::unordered_map<std::string, SteadyTime> known_;  // until when each is known
  Lane usual_, dear_;
};

}  // namespace lb
