// LinkedStreams: what one master offers over its link, as this node goes by it.
//
// A short word never ends a stream (decisions C11): what a master withdraws, or no longer offers
// when it comes back, stays while its relay flows here, or waits for the stream to come back.  When
// the link is lost everything stays for kKept: a master that restarts is back within a second.
// Offers that have come through this node already, or through too many, are passed over: pulling
// them would be pulling our own stream.
//
// Thread: control.  Ownership: MasterSession.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cluster/frame.h"

namespace lb {

class LinkedStreams {
 public:
  static constexpr std::chrono::seconds kKept{10};
  static constexpr std::size_t kMostStreams = 20'000;
  // Whether data flows for this mount here, or its listeners wait for it.
  using Flows = std::function<bool(const std::string& mount)>;

  LinkedStreams(std::string own_id, Flows flows)
      : own_id_(std::move(own_id)), flows_(std::move(flows)) {}

  // Each returns whether streams() is another one.
  // The first SNAP after a new connection, and those that belong to it.
  bool snapshot(std::vector<StreamOffer> offers, bool more, SteadyTime now);
  bool delta(std::vector<StreamOffer> added, const std::vector<std::string>& removed,
             SteadyTime now);
  void connection_lost(SteadyTime now);
  // Lets go what is withdrawn and does not flow.
  bool forget(SteadyTime now);

  const std::map<std::string, StreamOffer, std::less<>>& streams() const noexcept {
    return streams_;
  }
  bool full() const noexcept { return streams_.size() >= kMostStreams; }

 private:
  bool put(StreamOffer offer);
  bool may_take(const StreamOffer& offer) const;

  const std::string own_id_;
  const Flows flows_;
  std::map<std::string, StreamOffer, std::less<>> streams_;
  std::map<std::string, SteadyTime, std::less<>> withdrawn_;  // and when they may go
  std::map<std::string, StreamOffer, std::less<>> arriving_;  // of a SNAP that is not complete
};

}  // namespace lb
