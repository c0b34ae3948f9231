// HlsAsk: the parts of a request for HLS, taken out of its path and query: later stages see the
// mount and the listener's own query.
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
  std::string path;  // the decoded path of the request, which is now the mount
  HlsSessionKind by = HlsSessionKind::kToken;
  std::string session;         // empty without a session: a list is then the master playlist
  bool known = false;          // the session listens here already
  std::uint64_t listener = 0;  // the number of its listener; one connection may have many players
  SteadyTime wait_until{};     // deadline for a first segment
  std::shared_ptr<const HlsPast> past;  // the lookup's result, for the stage that is asked again

  bool is_segment() const noexcept { return named.kind == HlsPath::Kind::kSegment; }
  bool is_master() const noexcept { return !is_segment() && session.empty(); }
  // Whether this begins a listening.  A segment may begin one: after a pause, or by another node's
  // list.
  bool joins() const noexcept { return !session.empty() && !known; }
  // Whether the mount may be off the air.
  bool may_be_past() const noexcept { return is_segment() || named.of_past(); }
};

}  // namespace lb
