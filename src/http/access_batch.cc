#include "http/access_batch.h"

#include "base/log.h"
#include "net/loop/loop.h"

namespace lb {

void AccessBatch::add(AccessFacts facts, WallTime now) {
  if (!log_.access_ip()) facts.ip = {};
  // The task runs when the events of this turn are through.
  if (lines_.empty()) loop_.post([self = shared_from_this()] { self->flush(); });
  if (log_.access_format() == LogFormat::kJson) {
    lines_ += access_json(facts, now);
  } else {
    const WallTime second = std::chrono::floor<std::chrono::seconds>(now);
    if (second != second_ || time_.empty()) {
      second_ = second;
      time_ = clf_time(now);
    }
    append_access_line(lines_, facts, time_);
  }
  lines_ += '\n';
  if (lines_.size() >= kMaxBytes) flush();
}

void AccessBatch::flush() {
  if (lines_.empty()) return;
  log_.access_lines(lines_);
  lines_.clear();
}

}  // namespace lb
