// HashThread: judges one password against a hash at a time, on a thread that is never waited for.
//
// It is no Loop: a hash cannot be interrupted, and the end of the process must not wait a second
// for it.  The thread is detached; what it works with belongs to it and to this object together.
// Thread: control; it begins with the first question, so behind the forks of a daemon.
// Callbacks: on control; none once this object is gone.
#pragma once

#include <memory>
#include <string>

#include "base/unique_function.h"
#include "net/loop/loop.h"

namespace lb {

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

}  // namespace lb
