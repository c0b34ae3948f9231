// Arrival: the servers that a request has passed, from the token of its redirect (lb=): whether the
// token is valid, which master signed it, and where the listener has been.
//
// Thread: any; a value.
// Source: doc/redirects.md.
#pragma once

#include <cstdint>

namespace lb {

struct Arrival {
  // What the token proves.  kOurs: signed by a key of ours.
  enum class Token : std::uint8_t { kNone, kValid, kOurs };
  // kSentBack: a node that could not serve the listener sent it back. kStays: the listener was sent
  // back once, and is not sent back again.
  enum class Way : std::uint8_t { kFirst, kSentBack, kStays };

  Token token = Token::kNone;
  Way way = Way::kFirst;
  bool confirms = false;           // the start of the stream confirms the redirect, once
  std::uint8_t redirected_by = 0;  // the master's tag …
  std::uint32_t client = 0;        // … and its number for this client; 0: none
  std::uint8_t sent_back_by = 0;   // the node's tag

  bool redirected() const noexcept { return token != Token::kNone; }
  bool sent_back() const noexcept { return way == Way::kSentBack; }
  bool stays() const noexcept { return way == Way::kStays; }
};

}  // namespace lb
