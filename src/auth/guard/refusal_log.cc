#include "auth/guard/refusal_log.h"

#include <functional>
#include <utility>

#include "base/cat.h"

namespace lb {
namespace {

constexpr Rate kOfAddress{3, std::chrono::seconds(1)}, kOfAll{20, std::chrono::milliseconds(100)};

}  // namespace

void RefusalLog::warn(std::string_view module, std::string_view address, std::string text) {
  const SteadyTime now = clock_.steady();
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    RateLimit& own = addresses_[std::hash<std::string_view>()(address) % addresses_.size()];
    if (!own.allows(now, kOfAddress) || !all_.take(now, kOfAll)) {
      ++left_out_;
      return;
    }
    own.spend(now, kOfAddress.pause);
    if (const auto left_out = std::exchange(left_out_, 0); left_out > 0)
      text += cat({" (", left_out, " refusals before it are not in this log)"});
  }
  log_.warn(module, text);
}

bool AuditLimit::takes_line(Of of, const std::string& account) {
  const auto at = static_cast<std::size_t>(of);
  const SteadyTime now = clock_.steady();
  const std::lock_guard<std::mutex> guard(mutex_);
  // The next minute begins once the omitted lines are reported.
  if (now - begun_ >= kEvery && !left_out_) {
    begun_ = now;
    lines_ = {};
    of_accounts_.clear();
  }
  const bool is_own = of == Of::kCustomers && ++of_accounts_[account] <= kOfAccount;
  if (is_own || lines_.at(at) < kLines.at(at)) {
    ++lines_.at(at);
    return true;
  }
  if (!left_out_) left_out_ = LeftOut{};
  if (of == Of::kCustomers)
    ++left_out_->of_accounts[account];
  else
    ++(of == Of::kUsers ? left_out_->of_users : left_out_->of_nobody);
  return false;
}

std::optional<AuditLimit::LeftOut> AuditLimit::left_out() {
  const SteadyTime now = clock_.steady();
  const std::lock_guard<std::mutex> guard(mutex_);
  if (now - begun_ < kEvery) return std::nullopt;
  return std::exchange(left_out_, std::nullopt);
}

}  // namespace lb
