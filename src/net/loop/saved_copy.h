// SavedCopy: the last good copy of a value of control, in a file.
//
// A change is written soon, at most one each kPause, one write at a time; a failed write is
// repeated, since the disk may have space again without another change.
// Thread: control; the file is written on another loop.
// Ownership: both loops and the callbacks' data outlive it; stop() and the destructor write a
// pending change.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/loop/loop.h"

namespace lb {

class SavedCopy {
 public:
  static constexpr std::chrono::seconds kPause{1};
  // After a failed write, and twice that after each further one.
  static constexpr std::chrono::seconds kRetry{3}, kLongestRetry{60};
  using Write = UniqueFunction<Result<void>()>;  // on the other loop
  struct Callbacks {
    std::function<Write()> take;                          // the text to write; null: none
    std::function<void(const std::string& why)> trouble;  // logged once
  };

  SavedCopy(Loop& control, Loop& disk, Callbacks callbacks);
  ~SavedCopy() { stop(); }

  void changed();
  void stop();

 private:
  void save();
  void saved(const Result<void>& result);

  Loop& control_;
  Loop& disk_;
  const Callbacks callbacks_;
  const std::shared_ptr<int> life_ = std::make_shared<int>();
  bool dirty_ = false, saving_ = false, stopped_ = false;
  SteadyTime due_{};
  SteadyTime::duration retry_ = kRetry;
  std::string trouble_;  // of the last write
  Timer timer_;
};

}  // namespace lb
