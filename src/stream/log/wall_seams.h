// WallSeams: jumps in a stream's time of day without a gap in its sound: another source went on in
// the log, or its clock was corrected.
//
// The sound up to `after_wall_ms` is followed directly by the sound from `wall_ms` on.  The time of
// a source, and so its seam, is known only after the source's first seconds.
// Thread: of the log; view() is shared.
// Bounds: kMaxSeams, the newest.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "stream/log/span.h"

namespace lb {

struct WallSeam {
  std::int64_t after_wall_ms = 0, wall_ms = 0;  // Unix

  bool operator==(const WallSeam&) const = default;
  static constexpr PlainRecord kRecord{.members = 2};
};

class WallSeams {
 public:
  static constexpr std::size_t kMaxSeams = 8;
  // A smaller jump is the end of a unit, or rounding.
  static constexpr std::int64_t kLeastMs = 60;
  using View = std::shared_ptr<const std::vector<WallSeam>>;

  // A span begins with the unit of this media time. before: the former span, null: none; after:
  // when its written part has sounded, nullopt: not known.
  void span_begins(const StreamSpan* before, const StreamSpan& span, std::uint64_t samples,
                   std::optional<std::int64_t> after);
  // Oldest first; null: none.
  const View& view() const noexcept { return view_; }

 private:
  void settle(const StreamSpan& span);

  // A seam to a stream whose time is not known yet.
  struct Open {
    std::int64_t after_wall_ms = 0;
    StreamIdentity id{};
    std::uint64_t samples = 0;

    template <class Io, RecordOf<Open> T>
    friend void record_fields(Io& io, T& open) {
      io(1, open.after_wall_ms, open.id, open.samples);
    }
  };
  std::optional<Open> open_;
  View view_;

  template <class Io, RecordOf<WallSeams> T>
  friend void record_fields(Io& io, T& seams) {
    auto& [open, view] = seams;
    std::vector<WallSeam> known;
    if constexpr (!Io::kReads)
      if (view != nullptr) known = *view;
    io(1, open, known);
    if constexpr (Io::kReads) view = std::make_shared<const std::vector<WallSeam>>(known);
  }
};

}  // namespace lb
