// SeatService: the SeatBook of this node, the listeners that wait for a seat, and the way of its
// rows over the links.
//
// Thread: control; a SeatPass ends on any thread.
// Ownership: ClusterLinks.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/services/services.h"
#include "base/unique_function.h"
#include "cluster/link/frame.h"
#include "cluster/slots/seat_book.h"
#include "net/waits.h"

namespace lb {

class SeatService;
class SlotLinks;
class SlotService;

// The way of a pass to the service; shut when that goes.
class SeatHandle {
 public:
  SeatHandle(Loop& control, SeatService& service) : control_(control), service_(&service) {}
  void off(std::uint64_t number);
  void shut();

 private:
  std::mutex mutex_;
  Loop& control_;
  SeatService* service_;
};

// The seat of a listener, given up when it goes.
class SeatPass {
 public:
  SeatPass() = default;
  SeatPass(std::shared_ptr<SeatHandle> handle, std::uint64_t number)
      : handle_(std::move(handle)), number_(number) {}
  SeatPass(SeatPass&&) noexcept = default;
  SeatPass& operator=(SeatPass&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(number_, other.number_);
    return *this;
  }
  ~SeatPass() {
    if (handle_) handle_->off(number_);
  }

 private:
  std::shared_ptr<SeatHandle> handle_;
  std::uint64_t number_ = 0;
};

class SeatService {
 public:
  static constexpr std::chrono::milliseconds kPatience{300};

  SeatService(Services& services, SlotLinks& links, const SlotService& slots);
  ~SeatService();

  void stop();
  void joined(const std::string& id, bool restarted);
  void left(const std::string& id, bool silent);
  void take(const std::string& teller, const SeatFrame& frame);

  struct Ask {
    std::string mount, user;
    std::string who;             // address and player, as text
    std::uint64_t listener = 0;  // its id, for the session that gives way
    unsigned most = 1;
    bool drop = false;
  };
  // Called once, now or within kPatience: whether it may listen.
  using Then = UniqueFunction<void(bool, SeatPass)>;
  void ask(const Ask& ask, Then then);

 private:
  friend class SeatHandle;
  struct Listening {
    std::string mount;
    std::uint64_t listener = 0;
  };
  void off(std::uint64_t number);
  void work();
  void settle();
  void flush();

  Services& services_;
  SlotLinks& links_;
  std::shared_ptr<SeatHandle> handle_;
  SeatBook book_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, Listening> listening_;
  Waits<Then, std::uint64_t> unanswered_;
  std::map<std::string, std::vector<SeatRow>> letters_;
  SteadyTime flushed_{};
  bool stopped_ = false;
  Timer timer_, flush_timer_;
};

}  // namespace lb
