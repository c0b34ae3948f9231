#include "auth/guard/wrong_logins.h"

#include <utility>

namespace lb {

bool WrongLogins::takes_line(bool of_user) {
  const SteadyTime now = clock_.steady();
  const std::lock_guard<std::mutex> guard(mutex_);
  // What was left out is told first.
  if (now - begun_ >= kEvery && !left_out_) {
    begun_ = now;
    of_users_ = of_nobody_ = 0;
  }
  unsigned& lines = of_user ? of_users_ : of_nobody_;
  if (lines < (of_user ? kOfUsers : kOfNobody)) {
    ++lines;
    return true;
  }
  if (!left_out_) left_out_ = LeftOut{};
  ++(of_user ? left_out_->of_users : left_out_->of_nobody);
  return false;
}

std::optional<WrongLogins::LeftOut> WrongLogins::left_out() {
  const SteadyTime now = clock_.steady();
  const std::lock_guard<std::mutex> guard(mutex_);
  if (now - begun_ < kEvery) return std::nullopt;
  return std::exchange(left_out_, std::nullopt);
}

}  // namespace lb
