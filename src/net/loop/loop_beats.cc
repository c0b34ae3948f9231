#include "net/loop/loop_beats.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"

namespace lb {

class LoopBeats::Heart {
 public:
  Heart(Loop& loop, std::string name, bool vital)
      : loop_(loop), name_(std::move(name)), vital_(vital) {}
  ~Heart() { loop_.on_beat({}); }
  Heart(const Heart&) = delete;
  Heart& operator=(const Heart&) = delete;

  void start() {
    last_.store(std::chrono::nanoseconds(loop_.now().time_since_epoch()).count(),
                std::memory_order_relaxed);
    loop_.post([this] {
      expected_ = loop_.now();
      window_began_ = expected_;
      beat();
      loop_.on_beat([this] { beat(); });
    });
  }

  LoopBeat read() const {
    LoopBeat beat;
    beat.name = name_;
    beat.vital = vital_;
    beat.last = SteadyTime(std::chrono::nanoseconds(last_.load(std::memory_order_relaxed)));
    beat.late = std::chrono::nanoseconds(std::max(late_.load(std::memory_order_relaxed),
                                                  late_before_.load(std::memory_order_relaxed)));
    const std::chrono::nanoseconds silent = loop_.now() - beat.last;
    beat.late_now =
        std::max(std::chrono::nanoseconds(late_now_.load(std::memory_order_relaxed)),
                 silent - std::chrono::nanoseconds(interval_.load(std::memory_order_relaxed)));
    beat.worked = std::chrono::nanoseconds(worked_.load(std::memory_order_relaxed));
    beat.tasks = loop_.posted();
    return beat;
  }
  void beat();
  bool vital() const noexcept { return vital_; }
  bool begun() const noexcept { return last_.load(std::memory_order_relaxed) != 0; }
  bool alive(std::chrono::nanoseconds limit) const noexcept {
    const std::chrono::nanoseconds now = loop_.now().time_since_epoch();
    return begun() && now.count() - last_.load(std::memory_order_relaxed) <= limit.count();
  }

 private:
  Loop& loop_;
  const std::string name_;
  const bool vital_;
  SteadyTime expected_{}, window_began_{};
  // Only the loop writes these.
  std::atomic<std::int64_t> last_{0}, late_{0}, late_before_{0}, late_now_{0}, worked_{0};
  std::atomic<std::int64_t> interval_{std::chrono::nanoseconds(kInterval).count()};
};

void LoopBeats::Heart::beat() {
  const SteadyTime now = loop_.now();
  const std::int64_t late =
      std::max<std::int64_t>(0, std::chrono::nanoseconds(now - expected_).count());
  if (now - window_began_ >= kWindow) {
    window_began_ = now;
    late_before_.store(late_.load(std::memory_order_relaxed), std::memory_order_relaxed);
    late_.store(0, std::memory_order_relaxed);
  }
  late_.store(std::max(late, late_.load(std::memory_order_relaxed)), std::memory_order_relaxed);
  late_now_.store(late, std::memory_order_relaxed);
  worked_.store(loop_.clock().thread_work().count(), std::memory_order_relaxed);
  last_.store(std::chrono::nanoseconds(now.time_since_epoch()).count(), std::memory_order_relaxed);
  expected_ = now + loop_.beat_interval();
  interval_.store(std::chrono::nanoseconds(loop_.beat_interval()).count(),
                  std::memory_order_relaxed);
}

LoopBeats::LoopBeats(LoopPool& loops) {
  for (unsigned i = 0; i < loops.workers(); ++i)
    hearts_.push_back(std::make_unique<Heart>(loops.worker(i), cat({"worker", i}), true));
  // Without threads of their own all loops are the first worker.
  if (&loops.control() == &loops.worker(0)) return;
  hearts_.push_back(std::make_unique<Heart>(loops.control(), "control", true));
  hearts_.push_back(std::make_unique<Heart>(loops.clerk(), "clerk", false));
}

LoopBeats::~LoopBeats() = default;

void LoopBeats::start() {
  for (const auto& heart : hearts_) heart->start();
}

std::vector<LoopBeat> LoopBeats::read() const {
  std::vector<LoopBeat> beats;
  for (const auto& heart : hearts_)
    if (heart->begun()) beats.push_back(heart->read());
  return beats;
}

void LoopBeats::beat(std::size_t loop) { hearts_[loop]->beat(); }

bool LoopBeats::alive(std::chrono::nanoseconds limit) const noexcept {
  return std::all_of(hearts_.begin(), hearts_.end(),
                     [limit](const auto& heart) { return !heart->vital() || heart->alive(limit); });
}

}  // namespace lb
