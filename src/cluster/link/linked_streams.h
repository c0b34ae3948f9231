// LinkedStreams: the streams that one master offers over its link, as this node uses them.
//
// No single frame ends a stream (doc/decisions.md C11): a stream that its master withdraws, or no
// longer offers when it comes back, stays while its relay flows here, or waits for the stream to
// come back.  When the link is lost every stream stays for kKept: a master that restarts is back
// within a second.  Offers that have come through this node already, or through too many nodes, are
// ignored: this node would pull its own stream.
//
// Thread: control.
// Ownership: MasterSession.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "cluster/link/frame.h"

namespace lb {

enum class OfferState : std::uint8_t {
  kOffered,
  kLost,       // the link to the master is lost
  kWithdrawn,  // by the master
};

class LinkedStreams {
 public:
  static constexpr std::chrono::seconds kKept{10};
  // The withdrawal is followed by the end of the stream itself, and by the withdrawals of nodes
  // that pulled it from there: nothing changes within this time.
  static constexpr std::chrono::milliseconds kGrace{250};
  static constexpr std::size_t kMaxStreams = 20'000;
  // Whether data flows for this mount here, or its listeners wait for it.
  using Flows = std::function<bool(const std::string& mount)>;
  struct Stream {
    StreamOffer offer;
    OfferState state = OfferState::kOffered;
    SteadyTime until{};              // of what is not offered: it does not go before then
    bool settled = true;             // that time is over
    std::uint64_t offer_number = 0;  // changes when the stream is offered again
  };
  using Streams = std::map<std::string, Stream, std::less<>>;

  LinkedStreams(std::string own_id, Flows flows)
      : own_id_(std::move(own_id)), flows_(std::move(flows)) {}

  // Each returns whether streams() has changed.
  // A SNAP, one of several while `more`.
  bool snapshot(std::vector<StreamOffer> offers, bool more, SteadyTime now);
  bool delta(std::vector<StreamOffer> added, const std::vector<std::string>& removed,
             SteadyTime now);
  bool connection_lost(SteadyTime now);
  // From the session of a link with other settings: as if that link were lost.
  void take_over(LinkedStreams& from, SteadyTime now);
  // Removes streams that are not offered and do not flow.  To be called often: it looks only at
  // those that may go by now.
  bool forget(SteadyTime now);

  const Streams& streams() const noexcept { return streams_; }
  // Another one after each change of streams().
  std::uint64_t revision() const noexcept { return revision_; }
  // The mounts of the changes since the last call.
  std::set<std::string> take_changed() { return std::exchange(changed_, {}); }

 private:
  bool put(StreamOffer offer);
  bool withdraw(std::string_view mount, SteadyTime now);
  bool may_take(const StreamOffer& offer) const;
  void fade(const std::string& mount, Stream& stream, OfferState state, SteadyTime until);
  void note(const std::string& mount);

  const std::string own_id_;
  const Flows flows_;
  Streams streams_;
  std::uint64_t offer_number_ = 0, revision_ = 0;
  // What is not offered, by `until`; a pair whose stream has another one is out of date.
  std::set<std::pair<SteadyTime, std::string>> fading_;
  std::set<std::string> changed_;
  std::map<std::string, StreamOffer, std::less<>> arriving_;  // of a SNAP that is not complete
};

}  // namespace lb
