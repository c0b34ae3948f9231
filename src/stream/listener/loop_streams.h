// LoopStreams: all fan-outs of one worker, and the pulse that drives them.
//
// Thread: one worker; wake() alone may be reached from others, through Loop::post.
// Ownership: the worker owns it; it owns its fan-outs.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "net/loop/loop.h"
#include "stream/listener/fanout.h"
#include "stream/listener/listener_row.h"
#include "stream/log/stream_place.h"

namespace lb {

struct DirectSource;
class DirectStreams;
class ListenerGroup;
class MountTable;
struct ServerCounters;

// PulsePacer: how long a worker waits between two passes over its listeners.
//
// The price of a delivery is per call, not per byte; so a worker measures what a pass costs and
// waits in proportion: passes cost about 0.5 % of the loop, up to a cap.  A few listeners hear
// within milliseconds, thousands are served in batches, and there is nothing to tune
// (doc/decisions.md A9: a minimum spacing, per worker over all its mounts; the first bytes after
// idle go at once).
class PulsePacer {
 public:
  static constexpr std::chrono::milliseconds kShortest{5};
  static constexpr int kShare = 200;  // a pass may cost 1/200 of the loop

  // A pass that began at `began` and worked for `cost` (processor time, not waiting for one) is
  // over; `cap`: the smallest <max-pulse> of the mounts in it.  The pause at most doubles from pass
  // to pass, so that one crowd of joiners does not delay all listeners for the whole cap.
  void passed(SteadyTime began, std::chrono::nanoseconds cost,
              std::chrono::milliseconds cap) noexcept {
    const std::chrono::nanoseconds least = std::min<std::chrono::nanoseconds>(kShortest, cap);
    const std::chrono::nanoseconds most =
        std::min<std::chrono::nanoseconds>(cap, pause_ * 2 + kShortest);
    pause_ = std::clamp<std::chrono::nanoseconds>(cost * kShare, least, most);
    next_ = began + std::chrono::duration_cast<SteadyTime::duration>(pause_);
  }
  // How long until the next pass may begin; zero or less: now.
  std::chrono::nanoseconds wait(SteadyTime now) const noexcept { return next_ - now; }

 private:
  SteadyTime next_{};
  std::chrono::nanoseconds pause_{0};
};

enum class ListenerMove : std::uint8_t { kNone, kMoved, kRefused };

// Whether listeners of one mount can go on with another: a listener stays with the type that was
// promised.  Any thread.
bool may_move(const Mount& from, const Mount& to);

// The mount whose listener it is: while the intro plays, the one that follows.
Mount& counted_at(const Listener& listener, Mount& mount);

// What a listener hears before the stream.
struct ListenerIntro {
  std::shared_ptr<Mount> file;   // null: none
  std::chrono::seconds time{0};  // that a listener has for it
};

class LoopStreams final : public FanoutHost {
 public:
  struct Shared {
    MountTable& mounts;
    ServerCounters& counters;
    Log& log;
    // The configured fallback of a mount that need not exist; "" when it has none.
    std::function<std::string(std::string_view mount)> fallback_of;
    // The mount that plays a file as fallback; null: no such file.  entered: a listener has come to
    // it.
    std::function<std::shared_ptr<Mount>(std::string_view name)> file_of = {};
    std::function<void(const std::shared_ptr<Mount>& file)> entered = {};
    bool logs_counts = true;  // how many there are; false: they are readers of text
  };
  // What a listener hears first: a mount whose log is whole and has ended.
  LoopStreams(Loop& loop, Shared shared);
  ~LoopStreams() override;

  // Takes a listener at the place that plan_join finds; it is served at once.  Its preamble gets
  // the stream's headers.
  // ask: of a server that keeps addresses; it is told the place.
  void join(std::unique_ptr<Listener> listener, const std::shared_ptr<Mount>& mount,
            std::size_t burst_bytes, const std::optional<StreamAsk>& ask = {});
  // The same, by way of an intro.
  void join(std::unique_ptr<Listener> listener, const std::shared_ptr<Mount>& mount,
            const ListenerIntro& intro);
  // One that gets another server's stream without a log of ours.
  void join_direct(std::unique_ptr<Listener> listener, const std::shared_ptr<Mount>& mount,
                   DirectSource source);
  // One that plays already goes on at this byte; it comes back if the window does not have it.
  std::unique_ptr<Listener> enter_at(std::unique_ptr<Listener> listener,
                                     const std::shared_ptr<Mount>& mount, std::uint64_t position);
  // Listeners in no fan-out that are counted, shown and ended with the others; outlives this.
  void add_group(ListenerGroup& group) { groups_.push_back(&group); }
  void count_joined(const std::shared_ptr<Mount>& mount);
  // New bytes of a mount; the pass follows when the pulse allows.
  void wake(const std::shared_ptr<Mount>& mount);

  std::vector<ListenerRow> list(const Mount& mount) const;
  // Of the audience, the first `most` behind this id.  Only of these the sockets are asked, so the
  // loop is held up for a walk over ids: a millisecond for 10,000.
  ListenerPage page(const Mount& mount, std::uint64_t after, std::size_t most) const;
  // if_gone: only when its client has closed its side; such a one listens on as long as it takes
  // what it gets, and a closed socket shows at the next write only.
  bool kill(const Mount& mount, std::uint64_t id, bool if_gone = false);
  // Of a hand-over, between two turns of the loop.  cannot_move(): why not, at this moment; "": it
  // can.  forget(): another process goes on with them, and nothing is sent or told.
  std::string cannot_move() const;
  void each_mount(const std::function<void(Mount&)>& f) const;  // with listeners here
  void each_listener(const std::function<void(Mount&, Listener&)>& f) const;
  void forget();
  DirectStreams& direct() noexcept { return *direct_; }
  // It is in its gates; it waits for the first pass.  REQUIRES: the mount's view has its position
  void adopt(std::unique_ptr<Listener> listener, const std::shared_ptr<Mount>& mount);

  // How many move; none to a mount of another format, and none that has no log.
  std::size_t move(const Mount& from, const std::shared_ptr<Mount>& to);
  // One of them.  kRefused: it is of another format, or in no fan-out.
  ListenerMove move(const Mount& from, const std::shared_ptr<Mount>& to, std::uint64_t id);
  // `mount` has a source again: its own listeners come home from wherever they are, unless
  // it has another format now.
  void bring_home(const std::shared_ptr<Mount>& mount);
  // Of each of these mounts, whether a listener that asked for it is listening to another one.
  std::vector<bool> have_away(const std::vector<std::string>& homes) const;
  // The listeners of a mount, or all when null, end.
  void end_all(const Mount* mount, EndReason reason);
  // Ends so many of the audience, the longest connected first; returns how many there were.
  // Servers that relay stay: behind them are listeners of other nodes.
  std::size_t end_oldest(std::size_t most, EndReason reason);
  // Those of the audience that have a slot of this gate; the newest so many end.
  std::vector<SlotHolder> slot_holders(const SlotGate& gate) const;
  void end_holders(const SlotGate& gate, const std::vector<std::uint64_t>& ids, EndReason reason);
  void set_delivery(DeliveryCall call) noexcept { call_ = call; }
  std::size_t listeners() const noexcept;
  std::size_t audience() const;  // without servers that relay

  Loop& loop() noexcept override { return loop_; }
  DeliveryCall delivery_call() const noexcept override { return call_; }
  void hung_up() override;
  void ended(std::unique_ptr<Listener> listener, Mount& mount, EndReason reason) override;
  void departed(std::unique_ptr<Listener> listener, Mount& mount) override;
  void count_sent(std::uint64_t bytes) noexcept override {
    bytes_sent_.store(bytes_sent_.load(std::memory_order_relaxed) + bytes,
                      std::memory_order_relaxed);
  }
  // To all listeners so far; from any thread.
  std::uint64_t bytes_sent() const noexcept { return bytes_sent_.load(std::memory_order_relaxed); }

 private:
  ListenerRow state_of(const Listener& listener) const;
  void go_on_with(Listener& listener, const Mount& from, const std::shared_ptr<Mount>& to);
  Fanout& fanout_of(const std::shared_ptr<Mount>& mount);
  void schedule();
  void pass();
  void end_of_pass();
  void left(const Mount& mount);  // a listener has left the mount's fan-out
  void enter(std::unique_ptr<Listener> listener, const std::shared_ptr<Mount>& next,
             EnterMode mode);
  void log_count(Fanout& fanout);
  void log_count_now(Fanout& fanout);
  void continue_later(Listener& listener, const std::shared_ptr<Mount>& next, EnterMode mode);
  static std::chrono::milliseconds cap_of(Mount& mount);
  void watch_intros(const Mount& mount);  // if it is one
  void end_overdue_intros();
  void end_hung_up();
  void finish(Listener& listener, EndReason reason);
  // All listeners but servers that relay.
  template <class F>
  void for_each_in_audience(F&& f) const;
  // The listeners of a mount, including those that still hear its intro.
  template <class F>
  void for_each_of(const Mount& mount, F&& f) const;

  Loop& loop_;
  Shared shared_;
  DeliveryCall call_ = DeliveryCall::kAuto;
  std::unordered_map<const Mount*, std::unique_ptr<Fanout>> fanouts_;
  std::vector<std::shared_ptr<Mount>> dirty_;    // wait for the next pass
  std::vector<std::shared_ptr<Mount>> passing_;  // of the pass under way
  std::size_t passing_at_ = 0;
  SteadyTime pass_began_{};
  std::chrono::nanoseconds pass_cost_{0};
  std::chrono::milliseconds pass_cap_{0};
  PulsePacer pacer_;
  Timer timer_;
  bool scheduled_ = false;
  std::atomic<std::uint64_t> bytes_sent_{0};  // written on the worker alone
  Timer intro_timer_;                         // armed while a listener hears an intro
  Timer hung_up_timer_;                       // armed while a client may be gone
  const std::unique_ptr<DirectStreams> direct_;
  std::vector<ListenerGroup*> groups_;  // *direct_ is one of them
};

}  // namespace lb
