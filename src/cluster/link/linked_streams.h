// LinkedStreams: the streams that one master offers over its link, as this node uses them.
//
// No single frame ends a stream (doc/decisions.md C11): a stream that its master withdraws, or no
// longer offers when it is back, stays while its relay flows here or waits for it.  When the link
// is lost every stream stays for kKept, because a restarted master is back within a second.  Offers
// that have passed this node, or too many nodes, are ignored: this node would pull its own stream.
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
  // A withdrawal is followed by the end of the stream itself, and by withdrawals of nodes that pull
  // it from there, so the stream stays for this time.
  static constexpr std::chrono::milliseconds kGrace{250};
  static constexpr std::size_t kMaxStreams = 20'000;
  // Whether data flows for this mount here, or its listeners wait for it.
  using Flows = std::function<bool(const std::string& mount)>;
  struct Stream {
    StreamOffer offer;
    OfferState state = OfferState::kOffered;
    SteadyTime until{};              // a stream that is not offered stays until then
    bool settled = true;             // that time is over
    std::uint64_t offer_number = 0;  // changes when the stream is offered again
  };
  using Streams = std::map<std::string, Stream, std::less<>>;

  LinkedStreams(std::string own_id, Flows flows)
      : own_id_(std::move(own_id)), flows_(std::move(flows)) {}

  // Each of the following returns whether streams() has changed.
  // A SNAP, one of several while `more`.
  bool snapshot(std::vector<StreamOffer> offers, bool more, SteadyTime now);
  bool delta(std::vector<StreamOffer> added, const std::vector<std::string>& removed,
             SteadyTime now);
  bool connection_lost(SteadyTime now);
  // Another link begins with a SNAP of its own.
  void forget_arriving() { arriving_.clear(); }
  // Takes the streams of a session with other settings, as if that link were lost.
  void take_over(LinkedStreams& from, SteadyTime now);
  // Removes streams that are not offered and do not flow.  Must be called often; looks only at
  // those whose time is over.
  bool forget(SteadyTime now);

  const Streams& streams() const noexcept { return streams_; }
  // Changes with streams().
  std::uint64_t revision() const noexcept { return revision_; }
  // Mounts that have changed since the last call.
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
  // Streams that are not offered, by `until`; a pair with an old `until` is out of date.
  std::set<std::pair<SteadyTime, std::string>> fading_;
  std::set<std::string> changed_;
  std::map<std::string, StreamOffer, std::less<>> arriving_;  // of an incomplete SNAP
};

}  // namespace lb
