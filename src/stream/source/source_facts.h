// The facts of a source's request, or of an upstream's answer, as stats and as header lines for
// listeners.
// Source: Icecast 2.4.4.
// Thread: pure.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/message.h"
#include "stream/mount/mount.h"

namespace lb {

// Icecast's values for a source that gives none.
inline constexpr std::string_view kUnspecifiedName = "Unspecified name";
inline constexpr std::string_view kUnspecifiedDescription = "Unspecified description";
inline constexpr std::string_view kUnspecifiedGenre = "various";

// The address for a link in a page: http or https as it is; a text that begins with a host name
// ("www.example.org/radio") with "http://" before it; "": neither.
std::string web_link(std::string_view text);

struct SourcePeer {
  std::string_view ip;
  WallTime wall;
  SteadyTime steady;
  std::string passed = {};      // of a relay: SourceFacts::passed
  std::string_view login = {};  // of a source: SourceFacts::login
  bool on_demand = false;       // of a relay
};
std::shared_ptr<const SourceFacts> make_source_facts(const Request& request,
                                                     const MountSettings& settings,
                                                     const SourcePeer& peer);
// For a relay: the facts of the upstream's answer. peer.ip: the server's configured name.
std::shared_ptr<const SourceFacts> make_relay_facts(const Headers& answer,
                                                    const MountSettings& settings,
                                                    const SourcePeer& peer);

// For listeners, under the mount's present settings, which a reload may change: the source's header
// lines, the head with the lines that all of them get (the settings outlive it), and the bytes
// between titles (0: none).
std::string listener_lines(const SourceFacts& facts, const MountSettings& settings);
ResponseHead listener_head(const SourceFacts& facts, const MountSettings& settings);
unsigned listener_metaint(const SourceFacts& facts, const MountSettings& settings);

}  // namespace lb
