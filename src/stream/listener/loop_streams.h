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
// A delivery's cost is per call, not per byte; so a worker measures the cost of a pass and waits in
// proportion: passes take about 0.5 % of the loop, up to a cap.  A few listeners hear within
// milliseconds, thousands are served in batches, without any setting (doc/decisions.md A9: a
// minimum spacing, per worker over all its mounts; the first bytes after idle go at once).
class PulsePacer {
 public:
  static constexpr std::chrono::milliseconds kShortest{5};
  static constexpr int kShare = 200;  // a pass may cost 1/200 of the loop

  // A pass that began at `began` and took `cost` of processor time is over; `cap`: the smallest
  // <max-pulse> of its mounts.  The pause at most doubles from pass to pass, so that one crowd of
  // joiners does not delay all listeners for the whole cap.
  void passed(SteadyTime began, std::chrono::nanoseconds cost,
              std::chrono::milliseconds cap) noexcept {
    const std::chrono::nanoseconds least = std::min<std::chrono::nanoseconds>(kShortest, cap);
    const std::chrono::nanoseconds most =
        std::min<std::chrono::nanoseconds>(cap, pause_ * 2 + kShortest);
    pause_ = std::clamp<std::chrono::nanoseconds>(cost * kShare, least, most);
    next_ = began + std::chrono::duration_cast<SteadyTime::duration>(pause_);
  }
  // The time until the next pass may begin; zero or less: now.
  std::chrono::nanoseconds wait(SteadyTime now) const noexcept { return next_ - now; }

 private:
  SteadyTime next_{};
  std::chrono::nanoseconds pause_{0};
};

enum class ListenerMove : std::uint8_t { kNone, kMoved, kRefused };

// Whether listeners of one mount can move to another: they must keep their content type.  Any
// thread.
bool may_move(const Mount& from, const Mount& to);

// The mount at which the listener counts: while an intro plays, the mount after it.
Mount& counted_at(const Listener& listener, Mount& mount);

// The intro that a listener hears before the stream.
struct ListenerIntro {
  std::shared_ptr<Mount> file;   // null: none
  std::chrono::seconds time{0};  // the longest time for it
};

class LoopStreams final : public FanoutHost {
 public:
  struct Shared {
    MountTable& mounts;
    ServerCounters& counters;
    Log& log;
    // The configured fallback of a mount, which need not exist; "": none.
    std::function<std::string(std::string_view mount)> fallback_of;
    // The mount that plays a file as fallback; null: no such file. entered: a listener has entered
    // it.
    std::function<std::shared_ptr<Mount>(std::string_view name)> file_of = {};
    std::function<void(const std::shared_ptr<Mount>& file)> entered = {};
    bool logs_counts = true;  // log numbers of listeners; false: they are readers of text
  };
  LoopStreams(Loop& loop, Shared shared);
  ~LoopStreams() override;

  // Takes a listener at the position of plan_join and serves it at once.  Its preamble gets the
  // stream's headers. ask: from a server that keeps addresses; it is sent the position.
  void join(std::unique_ptr<Listener> listener, const std::shared_ptr<Mount>& mount,
            std::size_t burst_bytes, const std::optional<StreamAsk>& ask = {});
  // The same, after an intro.
  void join(std::unique_ptr<Listener> listener, const std::shared_ptr<Mount>& mount,
            const ListenerIntro& intro);
  // A listener that gets another server's stream without a log.
  void join_direct(std::unique_ptr<Listener> listener, const std::shared_ptr<Mount>& mount,
                   DirectSource source);
  // A playing listener goes on at this position; it is returned if the window does not have it.
  std::unique_ptr<Listener> enter_at(std::unique_ptr<Listener> listener,
                                     const std::shared_ptr<Mount>& mount, std::uint64_t position);
  // Listeners in no fan-out, which are counted, shown and ended with the others; outlives this.
  void add_group(ListenerGroup& group) { groups_.push_back(&group); }
  void count_joined(const std::shared_ptr<Mount>& mount);
  // New bytes of a mount; the pass follows when the pulse allows.
  void wake(const std::shared_ptr<Mount>& mount);

  std::vector<ListenerRow> list(const Mount& mount) const;
  // The first `most` of the audience after this id.  Only their sockets are queried, so the loop is
  // held up for a walk over ids: a millisecond for 10,000.
  ListenerPage page(const Mount& mount, std::uint64_t after, std::size_t most) const;
  bool kill(const Mount& mount, std::uint64_t id);
  // Ends a listener of any mount, in constant time: a cluster may end many at once.
  // if_gone: only if its client has closed its side; such a listener stays while it takes bytes,
  // and a closed socket shows only at the next write.
  bool kill(std::uint64_t id, bool if_gone = false);
  // Of a hand-over, between two turns of the loop. cannot_move(): why not now; "": it can.
  // forget(): another process takes them, and nothing is sent or reported.
  std::string cannot_move() const;
  // Those whose mounts have returned and are heard will leave for them; returns the mounts that
  // they leave.  Of a hand-over, too: the next process lets them leave.
  std::vector<std::shared_ptr<Mount>> plan_returns();
  void each_mount(const std::function<void(Mount&)>& f) const;  // with listeners here
  void each_listener(const std::function<void(Mount&, Listener&)>& f) const;
  void forget();
  DirectStreams& direct() noexcept { return *direct_; }
  // It is in its gates; it waits for the first pass.  REQUIRES: the mount's view has its position
  void adopt(std::unique_ptr<Listener> listener, const std::shared_ptr<Mount>& mount);

  // Returns how many move; none to another format, or to a mount without a log.
  std::size_t move(const Mount& from, const std::shared_ptr<Mount>& to);
  // Moves one. kRefused: another format, or not in a fan-out.
  ListenerMove move(const Mount& from, const std::shared_ptr<Mount>& to, std::uint64_t id);
  // `mount` has a source again: its own listeners return from other mounts, and those of mounts
  // that fall back to it from fallbacks behind it, unless it has another format now.  Those that
  // were moved return only from its fallbacks.  As soon as it has sent something: an encoder that
  // is silent must not take the fallback from them.  In one walk over the listeners for mounts that
  // return together.
  void bring_home(const std::shared_ptr<Mount>& mount);
  // For each of these mounts, whether bring_home() would bring a listener.
  std::vector<bool> have_away(const std::vector<std::string>& homes) const;
  // Ends the listeners of a mount, or all if null.
  void end_all(const Mount* mount, EndReason reason);
  // Ends listeners of streams that are over, and of intros, whose time is up; its timer calls it.
  void end_overdue();
  // Ends some of the audience, the longest connected first; returns their number.  Relaying servers
  // stay, because they have listeners of other nodes.
  std::size_t end_oldest(std::size_t most, EndReason reason);
  // The audience with a slot of this gate, and the end of those with these ids.
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
  // Bytes to all listeners so far; any thread.
  std::uint64_t bytes_sent() const noexcept { return bytes_sent_.load(std::memory_order_relaxed); }

 private:
  ListenerRow state_of(const Listener& listener) const;
  // Calls f(name) for the home of such a listener, and what comes before `here` in its chain of
  // fallbacks, the nearest to home first, until it returns true.
  template <class F>
  void for_each_homeward(const Listener& listener, const std::string& here, F&& f) const;
  void bring_returned();
  bool bring_from(Fanout& fanout);  // whether it had listeners of mounts that have returned
  void go_on_with(Listener& listener, const std::shared_ptr<Mount>& to, EnterMode mode);
  static void count_at(Listener& listener, Mount& mount);  // not where it counted until now
  // mount: only if it listens there; null: wherever it listens.
  Listener* find(const Mount* mount, std::uint64_t id) const;
  Fanout& fanout_of(const std::shared_ptr<Mount>& mount);
  void schedule();
  void pass();
  void end_of_pass();
  void left(const Mount& mount);  // a listener has left the mount's fan-out
  void enter(std::unique_ptr<Listener> listener, const Mount& from,
             const std::shared_ptr<Mount>& next, EnterMode mode);
  void log_count(Fanout& fanout);
  void log_count_now(Fanout& fanout);
  void log_counts(const Mount& from, const Mount& to);  // a listener has changed its mount
  void continue_later(Listener& listener, const std::shared_ptr<Mount>& next, EnterMode mode);
  static std::chrono::milliseconds cap_of(Mount& mount);
  void watch_over(const Fanout& fanout);  // if its stream is over
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
  std::unordered_map<std::uint64_t, Listener*> by_id_;  // of all fan-outs
  std::vector<std::shared_ptr<Mount>> dirty_;           // for the next pass
  std::vector<std::shared_ptr<Mount>> passing_;         // in the present pass
  std::size_t passing_at_ = 0;
  SteadyTime pass_began_{};
  std::chrono::nanoseconds pass_cost_{0};
  std::chrono::milliseconds pass_cap_{0};
  PulsePacer pacer_;
  Timer timer_;
  bool scheduled_ = false;
  std::atomic<std::uint64_t> bytes_sent_{0};  // written on the worker alone
  Timer over_timer_;                          // armed while listeners of a stream that is over stay
  Timer hung_up_timer_;                       // armed while a client may be gone
  std::unordered_map<std::string, std::shared_ptr<Mount>> returned_;  // for bring_returned()
  Timer return_timer_;                                                // armed while there are some
  SteadyTime next_return_{};
  const std::unique_ptr<DirectStreams> direct_;
  std::vector<ListenerGroup*> groups_;  // *direct_ is one of them
};

}  // namespace lb
