#include "app/operate/usage_records.h"

#include <algorithm>
#include <utility>

namespace lb {

// A failed or conflicting write is planned again later.
UsageRecords::UsageRecords(Loop& control)
    : writer_(
          control, kRetry,
          {[this] { return plan(); }, [this](const CommitAnswer& answer) { written(answer); }}) {}

void UsageRecords::set(UsageBook own, std::string self) {
  if (own_.month != own.month) claims_.clear();
  own_ = std::move(own);
  self_ = std::move(self);
  writer_.check();
}

void UsageRecords::claim(const std::vector<UsageNotice>& notices, Announce announce) {
  claims_.insert(claims_.end(), notices.begin(), notices.end());
  announce_ = std::move(announce);
  writer_.check();
}

RegistryWrite UsageRecords::plan() {
  if (self_.empty() || !book_) return {};
  RegistryWrite write = plan_usage_shares(own_, *book_, self_);
  const std::size_t shares = write.puts.size();
  plan_usage_claims(claims_, own_, *book_, write);
  written_claims_.clear();
  if (write.puts.size() > shares) written_claims_ = claims_;
  return write;
}

void UsageRecords::written(const CommitAnswer& answer) {
  const auto claims = std::exchange(written_claims_, {});
  if (answer.result != CommitResult::kDone) return;
  std::erase_if(claims_, [&claims](const UsageNotice& one) {
    return std::find(claims.begin(), claims.end(), one) != claims.end();
  });
  for (const UsageNotice& claim : claims) announce_(claim);
}

}  // namespace lb
