// Snapshot<T>: one writer publishes an immutable T, any thread reads the newest.
//
// Thread: publish() and read() may be called from any thread.
// Invariants: (1) a published T is never modified; (2) read() never returns null.
// A mutex guards one pointer swap.  std::atomic<shared_ptr> of libstdc++ 12 draws a TSan report.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace lb {

template <class T>
class Snapshot {
 public:
  // REQUIRES: first is not null
  explicit Snapshot(std::shared_ptr<const T> first) : current_(std::move(first)) {}

  // Once per wake-up or request, never once per listener.
  std::shared_ptr<const T> read() const {
    std::lock_guard<std::mutex> guard(mutex_);
    return current_;
  }
  void publish(std::shared_ptr<const T> next) {
    std::lock_guard<std::mutex> guard(mutex_);
    current_.swap(next);
  }  // the old value is released after the lock

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> current_;
};

}  // namespace lb
