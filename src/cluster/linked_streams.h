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

enum class OfferState : std::uint8_t {
  kOffered,
  kLost,       // the link to the master is lost
  kWithdrawn,  // the master said so
};

class LinkedStreams {
 public:
  static constexpr std::chrono::seconds kKept{10};
  // The end of the stream itself follows its withdrawal, and so do the withdrawals of those who had
  // it from there: within this time nothing is changed.
  static constexpr std::chrono::milliseconds kGrace{250};
  static constexpr std::size_t kMostStreams = 20'000;
  // Whether data flows for this mount here, or its listeners wait for it.
  using Flows = std::function<bool(const std::string& mount)>;
  struct Stream {
    StreamOffer offer;
    OfferState state = OfferState::kOffered;
    SteadyTime until{};   // of what is not offered: it does not go before then
    bool settled = true;  // that time is over
  };
  using Streams = std::map<std::string, Stream, std::less<>>;

  LinkedStreams(std::string own_id, Flows flows)
      : own_id_(std::move(own_id)), flows_(std::move(flows)) {}

  // Each returns whether streams() is another one.
  // A SNAP, and those that belong to it.
  bool snapshot(std::vector<StreamOffer> offers, bool more, SteadyTime now);
  bool delta(std::vector<StreamOffer> added, const std::vector<std::string>& removed,
             SteadyTime now);
  bool connection_lost(SteadyTime now);
  // Lets go what is not offered and does not flow.  To be called often.
  bool forget(SteadyTime now);

  const Streams& streams() const noexcept { return streams_; }

 private:
  bool put(StreamOffer offer);
  bool withdraw(std::string_view mount, SteadyTime now);
  bool may_take(const StreamOffer& offer) const;

  const std::string own_id_;
  const Flows flows_;
  Streams streams_;
  std::size_t fading_ = 0;  // at most so many are not offered; 0: none is
  std::map<std::string, StreamOffer, std::less<>> arriving_;  // of a SNAP that is not complete
};

}  // namespace lb
