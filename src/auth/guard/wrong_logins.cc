#include "auth/guard/wrong_logins.h"

#include <utility>

namespace lb {

bool WrongLogins::takes_line(Of of) {
  const auto at = static_cast<std::size_t>(of);
  const SteadyTime now = clock_.steady();
  const std::lock_guard<std::mutex> guard(mutex_);
  // What was left out is told first.
  if (now - begun_ >= kEvery && !left_out_) {
    begun_ = now;
    lines_ = {};
  }
  if (lines_.at(at) < kLines.at(at)) {
    ++lines_.at(at);
    return true;
  }
  if (!left_out_) left_out_ = LeftOut{};
  ++left_out_->at(at);
  return false;
}

std::optional<WrongLogins::LeftOut> WrongLogins::left_out() {
  const SteadyTime now = clock_.steady();
  const std::lock_guard<std::mutex> guard(mutex_);
  if (now - begun_ < kEvery) return std::nullopt;
  return std::exchange(left_out_, std::nullopt);
}

}  // namespace lb
