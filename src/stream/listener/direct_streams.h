// DirectStreams: listeners of one worker that get another server's stream straight from its socket:
// no log, no framer, no copy.  Otherwise they are ordinary listeners of the mount: gate, access
// log, commands, time limits.
//
// The listener's preamble is sent first, then the pump runs.  Back-pressure: while the listener
// takes nothing, nothing is read from upstream, which applies its own limits to slow readers; after
// kLongestStall this side ends it.  An upstream that is silent for source-timeout has ended.
// Listeners are not moved to or from here: other mounts, and this one when it runs, have a log.
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

// A stream that another server has begun to send.
struct DirectSource {
  std::unique_ptr<Transport> transport;  // plain
  std::string begun;                     // bytes already read, which are sent first
  SplicePump pump;
};
// A DirectSource with the mount whose listener may get it.
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
  // A listener that is in its gates.  It may have ended when this returns.
  void adopt(std::unique_ptr<Listener> listener, std::shared_ptr<Mount> mount, DirectSource source);

 private:
  struct One;
};

}  // namespace lb
