// SourceSet: the sources that live on one worker.
//
// Thread: its worker; what admission asks for arrives by Loop::post.
// Ownership: owns the sources; a finished one gives its lease back to admission.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "stream/source.h"

namespace lb {

class LoopStreams;

struct SourceEnd {
  WriterLease lease;
  EndReason reason = EndReason::kDone;
  std::uint64_t bytes_read = 0;
  std::chrono::milliseconds lasted{0};
  std::chrono::milliseconds silent{0};  // since its last data
};

class SourceSet final : public SourceHost {
 public:
  // wake: reaches the fan-outs of other workers.  ended: gives the lease back, from this worker.
  struct Doors {
    std::function<void(Channel::Loops, const std::shared_ptr<Mount>&)> wake;
    std::function<void(SourceEnd)> ended;
  };
  SourceSet(Loop& loop, Log& log, Doors doors);
  ~SourceSet() override;

  void add(SourceOffer offer, WriterLease lease, std::shared_ptr<const SourceFacts> facts);
  // By the id of the lease; nothing happens when it has ended already.
  void kill(std::uint64_t lease, EndReason reason);
  // Ends it in favour of another one if it has sent nothing for `silence`.  True: it has ended, now
  // or before, and its lease is on the way back.
  bool replace_if_silent(std::uint64_t lease, std::chrono::milliseconds silence);
  // Reads what has come from its socket first.  True: it has ended, now or before, and its lease is
  // on the way back.
  bool has_ended(std::uint64_t lease);
  TitleResult set_title(std::uint64_t lease, Metadata metadata);
  void end_all(EndReason reason);

  Loop& loop() noexcept override { return loop_; }
  Log& log() noexcept override { return log_; }
  std::span<std::byte> scratch() noexcept override { return scratch_; }
  std::size_t size() const noexcept { return sources_.size(); }
  void wake(Channel::Loops loops, const std::shared_ptr<Mount>& mount) override {
    doors_.wake(loops, mount);
  }
  void source_ended(Source& source, EndReason reason) override;
  void count_received(std::size_t bytes) noexcept override {
    bytes_read_.store(bytes_read_.load(std::memory_order_relaxed) + bytes,
                      std::memory_order_relaxed);
  }
  // Of all sources so far; from any thread.
  std::uint64_t bytes_read() const noexcept { return bytes_read_.load(std::memory_order_relaxed); }

 private:
  Loop& loop_;
  Log& log_;
  Doors doors_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Source>> sources_;
  std::atomic<std::uint64_t> bytes_read_{0};  // written on the worker alone
  std::array<std::byte, 65536> scratch_;
};

}  // namespace lb
