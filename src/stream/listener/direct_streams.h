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
#include <functional>
#include <memory>
#include <string>

#include "net/socket/splice_pump.h"
#include "stream/listener/listener_group.h"

namespace lb {

struct DirectRecord;
class FdsOut;

// What another server has begun to send.
struct DirectSource {
  std::unique_ptr<Transport> transport;  // plain
  std::string begun;                     // what has been read of it, to be sent first
  SplicePump pump;
};
// … and whose bytes a listener of this mount may get.
struct DirectOffer {
  std::shared_ptr<Mount> mount;
  std::shared_ptr<const SourceFacts> facts;  // metaint: of the bytes as they come
  DirectSource source;
};

class DirectStreams final : public ListenerGroup {
 public:
  static constexpr std::chrono::seconds kLongestStall{30};

  explicit DirectStreams(FanoutHost& host);

  // REQUIRES: the listener's transport is plain.  It may have ended when this returns.
  void join(std::unique_ptr<Listener> listener, std::shared_ptr<Mount> mount, DirectSource source);

  // -- of a hand-over, between two turns
  void each_direct(const std::function<void(DirectRecord)>& f, FdsOut& fds) const;
  // One that is in its gates.  It may have ended when this returns.
  void adopt(std::unique_ptr<Listener> listener, std::shared_ptr<Mount> mount, DirectSource source);

 private:
  struct One;
};

}  // namespace lb
