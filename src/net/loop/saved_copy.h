// SavedCopy: the last good copy of something that control has, in a file.
//
// A change is written soon, at most once each kPause; one write is under way at a time.
// Thread: control; the file is written on another loop.
// Ownership: both loops and what the callbacks use outlive it; stop() and the destructor have what
// changed written.
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
  using Write = UniqueFunction<Result<void>()>;  // on the other loop
  struct Callbacks {
    std::function<Write()> take;                          // what is to be written; null: nothing
    std::function<void(const std::string& why)> trouble;  // said once
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
  std::string trouble_;  // of the last write
  Timer timer_;
};

}  // namespace lb
