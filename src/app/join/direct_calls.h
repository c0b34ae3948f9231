// DirectCalls: passes another server's stream through to one listener that cannot be redirected,
// where this node does not carry the mount.
//
// The mount is an on-demand relay of this node, and the server asked is the relay's upstream.  The
// request carries a relay's mark, so the upstream neither redirects it nor counts it as a listener.
// A relay serves many listeners from one stream, but needs a log and a framer, so only the first
// listener of a mount is passed through.  The relay starts with the second listener, and whenever
// passing through fails: TLS to the upstream, a transfer-coding, metadata that the listener did not
// ask for, an upstream that does not answer.
// Source: doc/redirects.md.
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
  bool window = false;        // RelayService::await()
};

class DirectCalls {
 public:
  explicit DirectCalls(Network& network) : network_(network) {}

  // Resumes the request on its worker, with the stream or by way of the relay.
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
