// HlsAsk: what a request for HLS asks for, and how its parts are taken off it: the stages behind
// see the mount and the listener's own query.
//
// Thread: a value; the worker of its connection.
// Ownership: the request's context.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "hls/past_lookup.h"
#include "hls/path.h"
#include "hls/settings.h"

namespace lb {

struct HlsAsk {
  HlsPath named;     // without its mount, which is the request's path
  std::string path;  // as it was asked for, decoded; the request's own is the mount now
  HlsSessionKind by = HlsSessionKind::kToken;
  std::string session;         // "": none, so that a list is the master playlist
  bool known = false;          // it listens here already
  std::uint64_t listener = 0;  // its number, if it joins: one connection may have many players
  SteadyTime wait_until{};     // for a first segment
  std::shared_ptr<const HlsPast> past;  // what was looked up, for the stage that is asked again

  bool is_segment() const noexcept { return named.kind == HlsPath::Kind::kSegment; }
  bool is_master() const noexcept { return !is_segment() && session.empty(); }
  // A listener that comes.  Of a list that is fetched once, a segment may be what it asks for next,
  // after a pause, or from another node.
  bool joins() const noexcept { return !session.empty() && !known; }
  // Its mount need not be on the air.
  bool may_be_past() const noexcept { return is_segment() || named.of_past(); }
};

}  // namespace lb
