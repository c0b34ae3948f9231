// ListenerRow: a listener as shown to operators: by workers and HLS sessions, nodes over their
// links, Icecast's commands and the API.
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
  bool hls = false;                  // by HLS: a session without a lasting connection
  // Only in a page: the state of its connection, and its distance from the newest byte; nullopt:
  // not known.  Segments are counted since it was opened; queue_bytes are not acknowledged yet.
  std::optional<std::uint64_t> round_trip_us{}, retransmits{}, queue_bytes{}, lag_ms{};
  // Not sent over links.
  std::string referer{};
  std::uint64_t lag_bytes = 0, bytes_sent = 0;
  bool relay = false;  // a relaying server, with listeners of its own
  std::string node{};  // the node that has it; "": this one

  bool operator==(const ListenerRow&) const = default;
};
// A range of a mount's listeners, ordered by id.
struct ListenerPage {
  std::vector<ListenerRow> rows;
  bool more = false;  // there are more after the last one
};

}  // namespace lb
