#include "app/operate/usage_records.h"

#include <utility>

namespace lb {

// What could not be written, or conflicted, is planned again later.
UsageRecords::UsageRecords(Loop& control)
    : writer_(control, kRetry,
              {[this] {
                 return self_.empty() || !book_ ? RegistryWrite()
                                                : plan_usage_shares(own_, *book_, self_);
               },
               [](const CommitAnswer&) {}}) {}

void UsageRecords::set(UsageBook own, std::string self) {
  own_ = std::move(own);
  self_ = std::move(self);
  writer_.check();
}

}  // namespace lb
