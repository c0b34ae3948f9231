// The facts of a source's request, or of an upstream's answer, as stats and as the header lines
// that its listeners get.
// Source: Icecast 2.4.4.
// Thread: pure.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/message.h"
#include "stream/mount/mount.h"

namespace lb {

// What Icecast shows of a source that does not say it.
inline constexpr std::string_view kUnspecifiedName = "Unspecified name";
inline constexpr std::string_view kUnspecifiedDescription = "Unspecified description";
inline constexpr std::string_view kUnspecifiedGenre = "various";

// What a page may make a link of: an address of http or https; with "http://" before it also what
// begins with the name of a host ("www.example.org/radio"); "": neither.
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
// Of a relay: the facts of the upstream's answer.  peer.ip: the name of the server, as configured.
std::shared_ptr<const SourceFacts> make_relay_facts(const Headers& answer,
                                                    const MountSettings& settings,
                                                    const SourcePeer& peer);

// What listeners get under the mount's present settings, which a reload may change: the header
// lines, and the bytes between titles (0: no titles).
std::string listener_lines(const SourceFacts& facts, const MountSettings& settings);
unsigned listener_metaint(const SourceFacts& facts, const MountSettings& settings);

}  // namespace lb
