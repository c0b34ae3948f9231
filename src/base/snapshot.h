// Snapshot<T>: a writer publishes an immutable T, any thread reads the newest.
//
// Thread: publish() and read() may be called from any thread.
// Invariants: (1) a published T is never modified; (2) read() never returns null.
// A mutex guards one pointer swap, because TSan reports std::atomic<shared_ptr> of libstdc++ 12.  A
// thread that reads often keeps a SnapshotReader, which takes the mutex only for a new T.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace lb {

template <class T>
class Snapshot {
 public:
  // REQUIRES: first is not null
  explicit Snapshot(std::shared_ptr<const T> first) : current_(std::move(first)) {}

  // Once per wake-up or request, not per listener.
  std::shared_ptr<const T> read() const {
    std::lock_guard<std::mutex> guard(mutex_);
    return current_;
  }
  void publish(std::shared_ptr<const T> next) {
    std::lock_guard<std::mutex> guard(mutex_);
    current_.swap(next);
    version_.fetch_add(1, std::memory_order_release);
  }  // the old value is released after the lock

 private:
  template <class>
  friend class SnapshotReader;
  mutable std::mutex mutex_;
  std::shared_ptr<const T> current_;
  std::atomic<std::uint64_t> version_{1};
};

// Thread: one owner.
// Ownership: the snapshot outlives it; it keeps the last T that it read.
template <class T>
class SnapshotReader {
 public:
  explicit SnapshotReader(const Snapshot<T>& of) : of_(of) {}

  // The newest; valid until the next read().
  const T& read() {
    const std::uint64_t version = of_.version_.load(std::memory_order_acquire);
    if (version != version_) current_ = of_.read();
    version_ = version;
    return *current_;
  }

 private:
  const Snapshot<T>& of_;
  std::uint64_t version_ = 0;
  std::shared_ptr<const T> current_;
};

}  // namespace lb
