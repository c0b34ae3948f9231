#include "cluster/link/message_log.h"

namespace lb {

bool MessageLog::take(const MessageFrame& message, WallTime when) {
  const Key key{message.from, message.serial};
  if (!seen_.insert(key).second) return false;
  order_.push_back(key);
  if (order_.size() > kRemembered) {
    seen_.erase(order_.front());
    order_.pop_front();
  }
  entries_.push_back({message, when});
  if (entries_.size() > kShown) entries_.pop_front();
  return true;
}

}  // namespace lb
