#include "stream/mount.h"

#include <utility>

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
            promised == nullptr ? 0 : promised->nominal, this) {}

void Mount::note_uses_in(std::shared_ptr<NotedMounts> list) {
  uses_ = std::move(list);
  use_noted_.store(false, std::memory_order_relaxed);
  if (is_in_use()) note_use();
}

void Mount::note_use() {
  if (uses_ != nullptr && !use_noted_.exchange(true, std::memory_order_acq_rel)) uses_->note(name_);
}

// One that enters meanwhile either finds the mark taken away, and notes it, or is counted here.
bool Mount::rests() {
  if (is_in_use()) return false;
  use_noted_.exchange(false, std::memory_order_acq_rel);
  if (!is_in_use()) return true;
  note_use();
  return false;
}

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
