// DirectStreams: listeners that get another server's stream straight from its socket, on one
// worker: no log, no framer, no copy.  They are listeners of the mount in every other way: its
// gate, the access log, the administrator, limits of time.
//
// Order: the listener's preamble, then the pump.  Back-pressure: while the listener takes nothing,
// nothing is read from upstream, so upstream sees a slow reader and judges it as its own; after
// kLongestStall this side ends it.  An upstream that sends nothing for source-timeout has ended.
// No listener is moved to or from here: another mount, or the same one when it runs, has a log.
//
// Thread: one worker.
// Ownership: its LoopStreams; it owns its listeners and both their sockets.
// Cost: 4 descriptors (two sockets, a pipe), where a relay with one listener has 3 and a log.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "net/splice_pump.h"
#include "stream/fanout.h"

namespace lb {

// What another server has begun to send.
struct DirectSource {
  std::unique_ptr<Transport> transport;  // plain
  std::string begun;                     // what has been read of it, to be sent first
  SplicePump pump;
};

class DirectStreams {
 public:
  static constexpr std::chrono::seconds kLongestStall{30};

  explicit DirectStreams(FanoutHost& host);
  ~DirectStreams();

  // REQUIRES: the listener's transport is plain.  It may have ended when this returns.
  void join(std::unique_ptr<Listener> listener, std::shared_ptr<Mount> mount, DirectSource source);
  // False: there is no such listener.
  bool finish(std::uint64_t id, EndReason reason);
  // Those of one mount, or of all when null.
  void finish_all(const Mount* mount, EndReason reason);
  std::size_t size() const noexcept { return all_.size(); }

  // f(Listener&); of one mount, or of all when null.  f must not end a listener.
  template <class F>
  void for_each(const Mount* mount, F&& f) const {
    for (const auto& [id, one] : all_)
      if (mount == nullptr || one->mount.get() == mount) f(*one->listener);
  }

 private:
  struct One {
    One(DirectStreams& owner_given, std::unique_ptr<Listener> listener_given,
        std::shared_ptr<Mount> mount_given, DirectSource source_given);
    void on_client(short events);
    void on_upstream(short) { owner.run(*this); }

    DirectStreams& owner;
    std::unique_ptr<Listener> listener;
    std::shared_ptr<Mount> mount;
    DirectSource source;
    GatePass place;
    Watch upstream;
    SteadyTime last_in, last_out;  // by Loop::awake()
    bool waits_for_client = false;
  };
  void run(One& one);
  bool send_preamble(One& one);
  void wait(One& one, bool for_client);
  void account(One& one, std::size_t in, std::size_t out);
  void end(One& one, EndReason reason);
  void check_stalls();

  FanoutHost& host_;
  std::map<std::uint64_t, std::unique_ptr<One>> all_;  // by the listener's id
  Timer stall_timer_;                                  // armed while there are listeners
};

}  // namespace lb
