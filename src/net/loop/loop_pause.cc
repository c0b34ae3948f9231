#include "net/loop/loop_pause.h"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace lb {

struct LoopPause::Park {
  std::mutex mutex;
  std::condition_variable changed;
  unsigned parked = 0;
  bool over = false;
};

LoopPause::~LoopPause() {
  if (park_) end();
}

void LoopPause::begin(std::chrono::milliseconds patience, Then then) {
  loops_.control().assert_here();
  since_ = loops_.control().now();
  until_ = since_ + patience;
  then_ = std::move(then);
  hold(true);
  round(0);
}

bool LoopPause::is_one_loop() const { return &loops_.control() == &loops_.worker(0); }

void LoopPause::hold(bool held) {
  for (unsigned i = 0; i < loops_.workers(); ++i) loops_.worker(i).hold(held);
  if (!is_one_loop()) loops_.control().hold(held);
}

std::uint64_t LoopPause::posted() const {
  std::uint64_t sum = is_one_loop() ? 0 : loops_.control().posted();
  for (unsigned i = 0; i < loops_.workers(); ++i) sum += loops_.worker(i).posted();
  return sum;
}

// before: the number of tasks posted when the last round was over.  A round posts one task to each
// worker, which posts one to control; if no other was posted, all inboxes are empty.
void LoopPause::round(std::uint64_t before) {
  loops_.gather<int>([](unsigned) { return 0; },
                     [this, before](const std::vector<int>&) {
                       const std::uint64_t now = posted();
                       if (loops_.control().now() >= until_) return give_up();
                       if (now - before != std::uint64_t{2} * loops_.workers()) return round(now);
                       park_workers();
                       std::exchange(then_, {})(Result<void>());
                     });
}

void LoopPause::park_workers() {
  park_ = std::make_shared<Park>();
  const unsigned all = is_one_loop() ? 0 : loops_.workers();
  for (unsigned i = 0; i < all; ++i)
    loops_.worker(i).post([park = park_] {
      std::unique_lock<std::mutex> lock(park->mutex);
      ++park->parked;
      park->changed.notify_all();
      park->changed.wait(lock, [&park] { return park->over; });
    });
  std::unique_lock<std::mutex> lock(park_->mutex);
  park_->changed.wait(lock, [this, all] { return park_->parked == all; });
}

void LoopPause::give_up() {
  hold(false);
  std::exchange(then_, {})(Error::io("the loops did not come to rest in time"));
}

void LoopPause::end() {
  if (!park_) return;
  {
    const std::lock_guard<std::mutex> lock(park_->mutex);
    park_->over = true;
    park_->changed.notify_all();
  }
  park_.reset();
  hold(false);
}

}  // namespace lb
