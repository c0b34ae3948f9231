// RemoteJoin: answers that are waited for together.
// Thread: that of RemoteArchive.
// Ownership: its parts, until the last one has been called.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "base/unique_function.h"

namespace lb {

class RemoteJoin {
 public:
  using Then = UniqueFunction<void(bool)>;

  // then: gets whether all were good, when it is closed and all of its parts have been called.
  explicit RemoteJoin(Then then) : state_(std::make_shared<State>()) {
    state_->then = std::move(then);
  }
  Then part() {
    ++state_->left;
    return [state = state_](bool good) { state->take(good); };
  }
  void close() { state_->take(true); }

 private:
  struct State {
    std::size_t left = 1;
    bool good = true;
    Then then;

    void take(bool came) {
      good = good && came;
      if (--left == 0) then(good);
    }
  };
  std::shared_ptr<State> state_;
};

}  // namespace lb
