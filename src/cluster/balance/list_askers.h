// ListAskers: servers that are not ours and have asked for the list of streams, to know their
// relays from listeners.
//
// Bounds: 4096 addresses with 8 names each, for half an hour.
// Thread: one at a time.
// Ownership: RedirectDecider.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/address/address.h"

namespace lb {

class ListAskers {
 public:
  void remember(const Address& peer, std::string_view agent, SteadyTime now);
  // Whether a request for a mount seems to be the relay of a server that is not ours and asked for
  // the list from there, with the relay password, within half an hour: by the name that it had
  // then, or, under any name, by asking with nothing but what a relay says (`bare`: neither Accept
  // nor Range).  The price: a player behind the same address that sends neither is served here.
  bool is_server(const Address& peer, std::string_view agent, bool bare, SteadyTime now) const;

 private:
  using Agents = std::map<std::string, SteadyTime, std::less<>>;  // when they asked last
  std::map<std::array<std::uint8_t, 16>, Agents> servers_;
};

}  // namespace lb
