// EndNotice: what is called when a listener ends, however it listened.
// Thread: the listener's worker.
// Ownership: the listener, or a session of HLS.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

namespace lb {

struct NoticeRecord;

// Held to the listener's end, and given the bytes that it got; auth decides what follows from that.
class EndNotice {
 public:
  virtual ~EndNotice() = default;
  virtual void set_bytes_sent(std::uint64_t bytes) noexcept = 0;
  // Of a listener that has ended before its end was noticed; else it listened until now.
  virtual void set_listened(std::chrono::milliseconds) noexcept {}
  // What another process needs to notice the end in its place.  False: it cannot.
  virtual bool save(NoticeRecord&) const { return false; }
};

// One around another.
class OuterNotice : public EndNotice {
 public:
  // inner: or null.
  explicit OuterNotice(std::unique_ptr<EndNotice> inner) : inner_(std::move(inner)) {}
  void set_bytes_sent(std::uint64_t bytes) noexcept override {
    if (inner_) inner_->set_bytes_sent(bytes);
  }
  void set_listened(std::chrono::milliseconds heard) noexcept override {
    if (inner_) inner_->set_listened(heard);
  }
  bool save(NoticeRecord& saved) const override { return !inner_ || inner_->save(saved); }

 private:
  std::unique_ptr<EndNotice> inner_;
};

}  // namespace lb
