// ListenerRow: a listener as operators are shown it: by lists of workers and of HLS sessions, by
// nodes over their links, by Icecast's commands and by the API.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lb {

struct ListenerRow {
  std::uint64_t id = 0;              // unique over the life of the process, rising
  std::string address, agent, user;  // "": none
  std::uint64_t seconds = 0;         // connected
  bool hls = false;                  // by HLS: a session, without a connection that lasts
  // Of a page only: its connection, and how far behind the newest byte it is served; nullopt: not
  // known.  Segments are counted since it was opened; bytes are those that it has not acknowledged.
  std::optional<std::uint64_t> round_trip_us{}, retransmits{}, queue_bytes{}, lag_ms{};
  // What links do not carry.
  std::string referer{};
  std::uint64_t lag_bytes = 0, bytes_sent = 0;
  bool relay = false;  // a server that relays; behind it are listeners of its own
  std::string node{};  // that has it; "": this one

  bool operator==(const ListenerRow&) const = default;
};
// Some of a mount's listeners, in the order of their ids.
struct ListenerPage {
  std::vector<ListenerRow> rows;
  bool more = false;  // there are some behind the last one
};

}  // namespace lb
