#include "stream/mount.h"

namespace lb {

Mount::Mount(std::string name, std::shared_ptr<const MountSettings> settings, unsigned workers)
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
          workers) {}

void Mount::note_peak(std::int64_t listeners) noexcept {
  std::int64_t peak = listener_peak.load(std::memory_order_relaxed);
  while (listeners > peak &&
         !listener_peak.compare_exchange_weak(peak, listeners, std::memory_order_relaxed)) {
  }
}

}  // namespace lb
