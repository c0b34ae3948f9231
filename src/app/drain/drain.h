// DrainState: whether this node takes listeners, for every part of the server.
// Drain: how the node empties itself: soft (no new listeners), move (and those that are here are
// closed little by little, so that they come back by way of a master), hard (all at once).
//
//   serving ──begin──▶ draining ──cancel──▶ serving
//                         └── empty, or the time is over ──▶ the process ends (if that was ordered)
//
// While the node drains: listeners and sources are refused with 503, /_lb/health answers 503, the
// agent-check line is "drain", the datagram port is shut.  Pages, statistics and connected sources
// go on, and so do servers that relay them, old and new: behind them are listeners of other nodes.
// They are no part of the audience here, and end with the process.  Masters are informed by the
// parts that have connections to them: DrainState::on_change().
//
// Thread: Drain and on_change() on control; the other questions to DrainState from any thread.
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
#include "config/settings/cluster_config.h"
#include "config/settings/drain_rate.h"
#include "net/loop/loop.h"

namespace lb {

struct DrainOrder {
  DrainMode mode = DrainMode::kSoft;
  std::chrono::seconds time{60};
  DrainRate rate{0.02, true};
  bool then_exit = false;
  std::string asked_by;  // for the log: "TERM", an address
};

// One state; never changed again.
struct DrainPicture {
  DrainMode mode = DrainMode::kOff;  // kOff: it serves
  SteadyTime since{};
  SteadyTime until = SteadyTime::max();
  bool then_exit = false;
  bool empty = false;  // the last listener has gone
};

class DrainState {
 public:
  DrainState() : picture_(std::make_shared<const DrainPicture>()) {}

  bool draining() const noexcept { return draining_.load(std::memory_order_relaxed); }
  std::shared_ptr<const DrainPicture> picture() const { return picture_.read(); }
  // Called on control after every change; for the rest of the process.
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

// How many listeners are closed from one poll to the next: so many a second, or more where that
// would leave a listener at the end.
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
    std::function<std::uint64_t()> listeners;         // that are here
    std::function<void(std::uint64_t)> close_oldest;  // so many
    std::function<void()> close_all;
    std::function<void()> exit;  // the process ends now
  };
  Drain(Loop& control, Log& log, DrainState& state, Callbacks callbacks);

  // One that is under way gets the new order.
  void begin(DrainOrder order);
  // The drain under way goes on, and the process ends with it.
  // REQUIRES: it drains
  void exit_at_its_end();
  // Serves again.  False: it did already, or the process is about to end.
  bool cancel();
  // Polls the listeners that are left; a timer calls it every kPollInterval.
  void poll_listeners();

  static constexpr std::chrono::milliseconds kPollInterval{250};

 private:
  void finish(const std::string& why);

  Loop& control_;
  Log& log_;
  DrainState& state_;
  Callbacks callbacks_;
  std::unique_ptr<DrainPace> pace_;
  bool over_ = false;  // its time
  Timer timer_;
};

// The drain that TERM begins, by the configuration; mode is kOff where there is none.
DrainOrder configured_drain(const ClusterSettings& cluster);

}  // namespace lb
