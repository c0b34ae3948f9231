// DirectCalls: asks for another server's stream on behalf of one listener that cannot be
// redirected, where this node does not carry the mount.
//
// The mount is one of our on-demand relays, and the server is the one that the relay would ask; the
// request is marked as a relay's, so that it is not redirected and counts there as a server: the
// person is counted once, here.  A relay serves any number of listeners from one stream, and needs
// a log and a framer for it, so only the first listener of a mount is passed on; with the second
// one the relay begins, as it does whenever something stands in the way: TLS to the server, a
// transfer-coding, metadata that was not asked for, a server that does not answer.
// Source: doc/redirects.md.
//
// Thread: control.
// Ownership: Services.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "app/services/parked_requests.h"
#include "cluster/relay/upstream_call.h"

namespace lb {

struct DirectOffer;
struct Network;

struct DirectAsk {
  std::string mount;
  ParkedRequest request;
  std::string via;            // of the listener's request
  bool icy_metadata = false;  // the listener wants it
};

class DirectCalls {
 public:
  explicit DirectCalls(Network& network) : network_(network) {}

  // The request is resumed on its worker, with the stream or by way of the relay.
  void call(DirectAsk ask);
  void stop() { calls_.clear(); }

 private:
  struct Call {
    DirectAsk ask;
    std::unique_ptr<UpstreamCall> call;
  };
  bool may_call(const DirectAsk& ask) const;
  void on_answer(std::uint64_t number, Result<UpstreamAnswer> answer);
  Result<DirectOffer> offer_from(const DirectAsk& ask, UpstreamAnswer answer) const;
  void use_relay(DirectAsk ask) const;

  Network& network_;
  std::map<std::uint64_t, Call> calls_;
  std::uint64_t next_ = 1;
};

}  // namespace lb
