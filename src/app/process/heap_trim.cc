#include "app/process/heap_trim.h"

#include <malloc.h>

#include <algorithm>
#include <utility>

#include "net/loop/loop.h"

namespace lb {
namespace {

constexpr std::chrono::seconds kTrimCheck{1};

}  // namespace

HeapTrim::HeapTrim(LoopPool& loops, std::function<std::size_t()> clients)
    : loops_(loops), clients_(std::move(clients)), timer_(loops.control(), [this] { check(); }) {}

// Waits until no more clients leave, since later freed memory would stay until the next trim.
void HeapTrim::check() {
  const std::size_t now = clients_();
  most_ = std::max(most_, now);
  const bool leaving = now < std::exchange(before_, now);
  if (!leaving && most_ - now >= std::max(kCrowd, now) && loops_.control().now() >= next_) {
    most_ = now;
    next_ = loops_.control().now() + kRest;
    loops_.clerk().post([] { ::malloc_trim(0); });
  }
  timer_.after(coalesced(loops_.control(), kTrimCheck));
}

}  // namespace lb
