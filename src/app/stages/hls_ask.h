// HlsAsk: what a request for HLS asks for, and how its parts are taken off it: the stages behind
// see the mount and the listener's own query.
//
// Thread: a value; the worker of its connection.
// Ownership: the request's context.
#pragma once

#include <string>

#include "base/clock.h"
#include "hls/path.h"
#include "hls/settings.h"

namespace lb {

struct HlsAsk {
  HlsPath::Kind kind = HlsPath::Kind::kLive;
  std::uint32_t stream = 0;
  std::uint64_t sequence = 0;
  bool adts = false;
  std::string path;  // as it was asked for, decoded; the request's own is the mount now
  HlsSessionKind by = HlsSessionKind::kToken;
  std::string session;      // "": none, so that a list is the master playlist
  bool known = false;       // it listens here already
  SteadyTime wait_until{};  // for a first segment

  bool is_segment() const noexcept { return kind == HlsPath::Kind::kSegment; }
  bool is_master() const noexcept { return !is_segment() && session.empty(); }
  // A listener that comes.
  bool joins() const noexcept { return !is_segment() && !session.empty() && !known; }
};

}  // namespace lb
