#include "stream/mount/mount.h"

#include <algorithm>
#include <utility>

#include "stream/mount/mount_table.h"

namespace lb {
namespace {

// Usual rates of encoders, kbit/s.
constexpr unsigned kUsualKbps[] = {16, 24,  32,  40,  48,  56,  64,  80,
                                   96, 112, 128, 160, 192, 224, 256, 320};
constexpr std::uint64_t kNearPercent = 4, kMuchPercent = 12;

std::uint64_t distance(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : b - a; }

// Returns a usual number if the rate is near one.  Otherwise the number only follows larger
// changes, because the first measurement is short and later ones vary.
unsigned next_shown_kbps(unsigned shown, std::uint64_t bytes_per_second) {
  const std::uint64_t kbps = (bytes_per_second * 8 + 500) / 1000;
  for (const unsigned usual : kUsualKbps)
    if (distance(kbps, usual) * 100 <= usual * kNearPercent) return usual;
  if (shown > 0 && kbps > 0 && distance(kbps, shown) * 100 <= shown * kMuchPercent) return shown;
  return static_cast<unsigned>(std::min<std::uint64_t>(kbps, 1'000'000));
}

}  // namespace

Mount::Mount(std::string name, std::shared_ptr<const MountSettings> settings, unsigned workers,
             PromisedBits* promised)
    : name_(std::make_shared<const std::string>(std::move(name))),
      settings_(std::move(settings)),
      facts_(std::make_shared<const SourceFacts>()),
      metadata_(std::make_shared<const Metadata>()),
      codec_(std::make_shared<const CodecFacts>()),
      channel_(
          [] {
            auto empty = std::make_shared<StreamView>();
            empty->segments = std::make_shared<const SegmentTable>();
            return empty;
          }(),
          workers),
      promised_(promised),
      gate_(promised == nullptr ? nullptr : &promised->sum,
            promised == nullptr ? 0 : promised->nominal, this) {}

void Mount::note_uses_in(std::shared_ptr<NotedMounts> list) {
  uses_ = std::move(list);
  use_noted_.store(false, std::memory_order_relaxed);
  if (is_in_use()) note_use();
}

void Mount::note_use() {
  if (uses_ != nullptr && !use_noted_.exchange(true, std::memory_order_acq_rel))
    uses_->note(*name_);
}

// A use that begins meanwhile either notes itself again or is seen by the second check.
bool Mount::rests() {
  if (is_in_use()) return false;
  use_noted_.exchange(false, std::memory_order_acq_rel);
  if (!is_in_use()) return true;
  note_use();
  return false;
}

void Mount::set_usual_rate(std::uint64_t rate) noexcept {
  usual_rate_.store(rate, std::memory_order_relaxed);
  const unsigned shown = shown_kbps_.load(std::memory_order_relaxed);
  if (const unsigned next = next_shown_kbps(shown, rate); next != shown)
    shown_kbps_.store(next, std::memory_order_relaxed);
  if (promised_ != nullptr)
    gate_.set_weight(rate > 0 ? static_cast<std::int64_t>(8 * rate) : promised_->nominal);
}

bool Mount::is_silent() const {
  const auto view = channel_.newest();
  return phase() != MountPhase::kEnded && view->end <= view->seam;
}

void Mount::note_peak(std::int64_t listeners) noexcept {
  std::int64_t peak = listener_peak.load(std::memory_order_relaxed);
  while (listeners > peak &&
         !listener_peak.compare_exchange_weak(peak, listeners, std::memory_order_relaxed)) {
  }
}

}  // namespace lb
