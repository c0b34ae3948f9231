#include "stream/log/wall_seams.h"

#include <cstdlib>
#include <utility>

namespace lb {

void WallSeams::span_begins(const StreamSpan* before, const StreamSpan& span, std::uint64_t samples,
                            std::optional<std::int64_t> after) {
  if (after) {
    open_ = Open{*after, span.id, samples};
  } else if (open_ && open_->id != span.id) {
    // The bytes between the streams were headers, or sound without a wall time.
    if (before != nullptr && before->media.rate_hz == 0)
      open_ = Open{open_->after_wall_ms, span.id, samples};
    else
      open_.reset();
  }
  if (open_ && span.anchored) settle(span);
}

void WallSeams::settle(const StreamSpan& span) {
  const Open open = *std::exchange(open_, std::nullopt);
  const WallSeam seam{open.after_wall_ms, span.wall_of(open.samples)};
  if (std::abs(seam.wall_ms - seam.after_wall_ms) < kLeastMs) return;
  std::vector<WallSeam> known;
  if (view_ != nullptr) known = *view_;
  if (known.size() == kMaxSeams) known.erase(known.begin());
  known.push_back(seam);
  view_ = std::make_shared<const std::vector<WallSeam>>(std::move(known));
}

}  // namespace lb
