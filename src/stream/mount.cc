#include "stream/mount.h"

namespace lb {

Mount::Mount(std::string name, std::shared_ptr<const MountSettings> settings, unsigned workers,
             PromisedBits* promised)
    : name_(std::move(name)),
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
            promised == nullptr ? 0 : promised->nominal) {}

void Mount::set_usual_rate(std::uint64_t rate) noexcept {
  usual_rate_.store(rate, std::memory_order_relaxed);
  if (promised_ != nullptr)
    gate_.set_weight(rate > 0 ? static_cast<std::int64_t>(8 * rate) : promised_->nominal);
}

void Mount::note_peak(std::int64_t listeners) noexcept {
  std::int64_t peak = listener_peak.load(std::memory_order_relaxed);
  while (listeners > peak &&
         !listener_peak.compare_exchange_weak(peak, listeners, std::memory_order_relaxed)) {
  }
}

}  // namespace lb
