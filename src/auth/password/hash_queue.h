// HashQueue: judges passwords against slow hashes on threads of its own, so that no loop stands
// still for them, and the end of the process does not wait for one.
//
// There are two lanes, each judging one hash at a time: hashes of usual costs do not wait behind
// dear ones (is_dear_hash), which an owner of a mount may choose.
// The same password for the same hash, asked several times at once, is judged once.
//
// Strangers are logins from an address from which their name has never logged in: made-up names
// among them cost a hash as others do.  They have a room of their own in each lane, of which one
// address has a small part, and get every fourth hash while others wait: so a flood of them keeps
// neither encoders and listeners waiting, nor logins from known addresses.
//
// A right password is remembered for 60 s (as a keyed digest of hash and password, never in the
// clear), so that a storm of reconnections does not hash each of them.
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

// HashThread: judges one password against a hash at a time, on a thread that is never waited for.
//
// It is no Loop: a hash cannot be interrupted, and the end of the process must not wait a second
// for it.  The thread is detached; what it works with belongs to it and to this object together.
// Thread: control; it begins with the first question, so behind the forks of a daemon.
// Callbacks: on control; none once this object is gone.
class HashThread {
 public:
  // name: for `top -H`; at most 15 letters.
  HashThread(Loop& control, const char* name) : control_(control), name_(name) {}
  ~HashThread();
  HashThread(const HashThread&) = delete;
  HashThread& operator=(const HashThread&) = delete;

  // Only when the one before has been answered.
  void judge(std::string hash, std::string password, UniqueFunction<void(bool)> done);

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared);

  Loop& control_;
  const char* const name_;
  std::shared_ptr<Shared> shared_;  // null: no question yet
  bool has_thread_ = false;
  UniqueFunction<void(bool)> done_;  // of the question under way
};

class HashQueue {
 public:
  static constexpr std::size_t kMaxWaiting = 64;
  static constexpr std::size_t kMaxStrangers = 16, kMaxOfAddress = 4;
  static constexpr std::size_t kMaxKnown = 4096;

  explicit HashQueue(Loop& control);

  // False: too many wait, the callback is destroyed uncalled.
  bool check(std::string hash, std::string password, UniqueFunction<void(bool)> done);
  // The same for a login from an address that is not known.
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
  std::unordered_map<std::string, SteadyTime> known_;  // until when
  Lane usual_, dear_;
};

}  // namespace lb
