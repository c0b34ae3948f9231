// ListenAsk: the wishes in the headers of a listener's request, read once.
// Thread: a value.
// Source: Icecast 2.4.4; the requests of players; AppleCoreMedia's requests.
#pragma once

#include <cstdint>
#include <optional>

#include "stream/log/stream_place.h"

namespace lb {

struct Request;

struct ListenAsk {
  bool icy = false;                    // metadata between the bytes, where the stream has some
  bool length = false;                 // wants a Content-Length, as Flash players and MSIE do
  bool probes = false;                 // is_safari_probe()
  bool own_product = false;            // a server of ours, which may relay the stream further
  bool stock_relay = false;            // Icecast or Icecast-KH, by its name
  std::optional<std::uint64_t> burst;  // at most so many bytes
  std::optional<StreamAsk> place;      // where a server that relays wants to resume
};

ListenAsk listen_ask(const Request& request);

// Reads Icy-MetaData: the number at its beginning counts, as in Icecast ("1, 1", "1;q=2").
bool wants_titles(const Request& request);

// Safari asks for the first two bytes before it plays, and wants them as a 206.  Other users of
// AppleCoreMedia lose their titles when they get a 206.
bool is_safari_probe(const Request& request);

}  // namespace lb
