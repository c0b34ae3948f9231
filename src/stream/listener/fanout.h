// Fanout: the listeners of one mount on one worker.
//
// Lists: idle (have everything), due (not served yet in this pass), blocked (socket full).  A pass
// moves idle to due and serves due listeners in slices, so that no loop stalls over 10 ms.
// Back-pressure is one comparison: position against view.begin.
//
// Thread: one worker.
// Ownership: owns its listeners; owned by the worker's LoopStreams.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "base/intrusive_list.h"
#include "stream/listener/delivery.h"
#include "stream/listener/listener.h"
#include "stream/mount/mount.h"
#include "stream/source/end_reason.h"

namespace lb {

// FanoutHost: the functions of the worker that a fan-out calls.
class FanoutHost {
 public:
  virtual ~FanoutHost() = default;
  virtual Loop& loop() noexcept = 0;
  virtual DeliveryCall delivery_call() const noexcept = 0;
  // The listener has left its fan-out's lists; the host logs, counts and deletes it.
  virtual void ended(std::unique_ptr<Listener> listener, Mount& mount, EndReason reason) = 0;
  // The listener has drained its log to leave_at (`continuation` set), or its source has ended.
  virtual void departed(std::unique_ptr<Listener> listener, Mount& mount) = 0;
  // A client has closed its side: end_hung_up() must be called later, until it returns false.
  virtual void hung_up() {}
  // Counts sent bytes over all its fan-outs; once a pass.
  virtual void count_sent(std::uint64_t) noexcept {}
};

class Fanout {
 public:
  Fanout(FanoutHost& host, std::shared_ptr<Mount> mount);
  ~Fanout();
  Fanout(const Fanout&) = delete;
  Fanout& operator=(const Fanout&) = delete;

  Mount& mount() noexcept { return *mount_; }
  const std::shared_ptr<Mount>& mount_ptr() const noexcept { return mount_; }
  const StreamView& view() const noexcept { return *view_; }
  std::size_t listeners() const noexcept { return count_; }

  // Takes the newest view, for a listener that is about to join; nothing is trimmed meanwhile.
  void refresh();
  // Takes a listener whose position lies in view(), and serves it at once.
  void join(std::unique_ptr<Listener> listener);
  // The same for a listener from another process; it waits for the next pass.
  void adopt(std::unique_ptr<Listener> listener);
  // Begins a pass: takes the newest view; every idle listener is due.
  void begin_pass();
  // Serves due listeners until `deadline`; true when all have been served.
  bool pump(SteadyTime deadline);
  void end_pass();
  // Of a stream that is over, whose window moves no more: ends listeners that have taken no byte
  // for kLongestStall.
  void end_stalled();
  static constexpr std::chrono::seconds kLongestStall{30};
  // The socket of one listener is ready or broken.
  void on_socket(Listener& listener, short events);
  void finish(Listener& listener, EndReason reason);
  // For a silent stream, whose passes find no dead clients: ends listeners whose clients closed
  // their side kHungUpStays ago, unless their connections have taken bytes since and are still up.
  // False: none is left to check.
  bool end_hung_up();
  static constexpr std::chrono::milliseconds kHungUpStays{2000};

  template <class F>
  void for_each(F&& f) {
    idle_.for_each(f);
    due_.for_each(f);
    blocked_.for_each(f);
  }

  SteadyTime count_logged{};  // of the host: when it last logged the number of listeners
  bool count_unlogged = false;
  bool dirty = false;  // of the host: waits for the next pass
  bool in_pass = false;

 private:
  void serve(Listener& listener);
  void rest(Listener& listener);
  bool keep_in_window(Listener& listener);
  void skip_if_slow(Listener& listener);
  std::unique_ptr<Listener> release(Listener& listener);
  void drop_slow(Listener& listener);
  void start_at_mark(Listener& listener);

  FanoutHost& host_;
  const std::shared_ptr<Mount> mount_;
  std::shared_ptr<const StreamView> view_;
  std::shared_ptr<const MountSettings> settings_;
  IntrusiveList<Listener> idle_, due_, blocked_;
  std::size_t count_ = 0;
  std::uint64_t pass_end_ = 0;                    // end of the view at the pass's start
  std::uint64_t low_water_ = Channel::kNoReader;  // the writer must keep bytes from there on
  std::uint64_t sent_ = 0;  // since the last pass; added to the mount's counter in one go
  SteadyTime fed_{};        // Loop::awake() when a pass had new bytes last
  // Passes with new bytes until each client that has hung up so far is known to be there or gone.
  unsigned passes_to_know_ = 0;
  // When a blocked listener was first seen with so many bytes; awake().
  struct Stall {
    std::uint64_t bytes_sent = 0;
    SteadyTime since{};
  };
  std::unordered_map<std::uint64_t, Stall> stalls_;  // by id
};

}  // namespace lb
