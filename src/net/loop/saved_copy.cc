#include "net/loop/saved_copy.h"

#include <algorithm>
#include <utility>

namespace lb {

SavedCopy::SavedCopy(Loop& control, Loop& disk, Callbacks callbacks)
    : control_(control),
      disk_(disk),
      callbacks_(std::move(callbacks)),
      timer_(control, [this] { save(); }) {}

void SavedCopy::changed() {
  if (stopped_ || std::exchange(dirty_, true) || saving_) return;
  timer_.after(due_ - control_.now());
}

void SavedCopy::stop() {
  if (!std::exchange(stopped_, true) && dirty_) save();
  timer_.cancel();
}

void SavedCopy::save() {
  dirty_ = false;
  due_ = control_.now() + kPause;
  Write write = callbacks_.take();
  if (!write) return;
  saving_ = true;
  disk_.post([this, life = std::weak_ptr<int>(life_), &control = control_,
              write = std::move(write)]() mutable {
    control.post([this, life, result = write()] {
      if (!life.expired()) saved(result);
    });
  });
}

void SavedCopy::saved(const Result<void>& result) {
  saving_ = false;
  const std::string why = result ? std::string() : result.error().what;
  if (std::exchange(trouble_, why) != why && !why.empty()) callbacks_.trouble(why);
  if (!result) due_ = control_.now() + retry_;
  retry_ = result ? kRetry : std::min<SteadyTime::duration>(2 * retry_, kLongestRetry);
  if (std::exchange(dirty_, false) || !result) changed();
}

}  // namespace lb
