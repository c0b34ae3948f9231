// DrainState: whether this node takes listeners, for every part of the server.
// Drain: empties the node: soft (no new listeners), move (present ones are also closed little by
// little, so that they come back by way of a master), hard (all at once).
//
//   serving ──begin──▶ draining ──cancel──▶ serving
//                         └── empty, or the time is over ──▶ the process ends (if that was ordered)
//
// While the node drains, listeners and sources get 503, /_lb/health answers 503, the agent-check
// line is "drain", and the datagram port is closed.  Pages, statistics and connected sources go on,
// and so do relaying servers, present and new, as they have listeners of other nodes; they do not
// count as audience, and end with the process.  Parts that have connections to masters inform these
// (DrainState::on_change()).
//
// Thread: Drain and on_change() on control; the rest of DrainState from any thread.
// Ownership: Services.
// Source: doc/orchestration.md.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/snapshot.h"
#include "cluster/nodes/drain_mode.h"
#include "config/settings/drain_rate.h"
#include "net/loop/loop.h"

namespace lb {

struct ClusterSettings;

struct DrainOrder {
  DrainMode mode = DrainMode::kSoft;
  std::chrono::seconds time{60};
  DrainRate rate{0.02, true};
  bool then_exit = false;
  std::string asked_by;  // for the log: "TERM", an address
};

// An immutable state.
struct DrainPicture {
  DrainMode mode = DrainMode::kOff;  // kOff: the node serves
  SteadyTime since{};
  SteadyTime until = SteadyTime::max();
  bool then_exit = false;
  bool empty = false;  // no listener is left
};

class DrainState {
 public:
  DrainState() : picture_(std::make_shared<const DrainPicture>()) {}

  bool draining() const noexcept { return draining_.load(std::memory_order_relaxed); }
  std::shared_ptr<const DrainPicture> picture() const { return picture_.read(); }
  // The subscriber is called on control after every change, until the process ends.
  void on_change(std::function<void(const DrainPicture&)> subscriber) {
    subscribers_.push_back(std::move(subscriber));
  }

 private:
  friend class Drain;
  void set(const DrainPicture& next);

  std::atomic<bool> draining_{false};
  Snapshot<DrainPicture> picture_;
  std::vector<std::function<void(const DrainPicture&)>> subscribers_;
};

// How many listeners each poll closes: by the rate, or more if some would otherwise be left at the
// end.
class DrainPace {
 public:
  DrainPace(double per_second, SteadyTime begun, SteadyTime until) noexcept
      : per_second_(per_second), last_(begun), until_(until) {}
  std::uint64_t due(SteadyTime now, std::uint64_t left) noexcept;

 private:
  double per_second_;
  double owed_ = 0;
  SteadyTime last_, until_;
};

class Drain {
 public:
  struct Callbacks {
    std::function<std::uint64_t()> listeners;         // present ones
    std::function<void(std::uint64_t)> close_oldest;  // so many listeners
    std::function<void()> close_all;
    std::function<void()> exit;  // ends the process now
  };
  Drain(Loop& control, Log& log, DrainState& state, Callbacks callbacks);

  // Begins a drain, or changes the order of the present one.
  void begin(DrainOrder order);
  // Makes the process end after the present drain.
  // REQUIRES: it drains
  void exit_at_its_end();
  // Serves again.  False: the node served already, or the process is about to end.
  bool cancel();
  // Checks the remaining listeners; a timer calls it every kPollInterval.
  void poll_listeners();

  static constexpr std::chrono::milliseconds kPollInterval{250};

 private:
  void finish(const std::string& why);

  Loop& control_;
  Log& log_;
  DrainState& state_;
  Callbacks callbacks_;
  std::unique_ptr<DrainPace> pace_;
  bool over_ = false;  // the time is over
  Timer timer_;
};

// The configured drain after TERM; kOff: none.
DrainOrder configured_drain(const ClusterSettings& cluster);

}  // namespace lb
