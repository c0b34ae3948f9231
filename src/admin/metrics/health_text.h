// The health of this node as text: JSON for probes (/_lb/health), the line of HAProxy's
// agent-check, the datagram for switches.
//
// HAProxy understands (its documentation, "agent-check"): up, drain, ready (takes back an earlier
// drain), N% (of the weight that its configuration gives the server), maxconn:N.  The percentage
// is therefore what is free, not what is in use.
// A datagram's answer is cut to the length of the question, so that this server cannot be used to
// amplify traffic to a forged address.
// Thread: pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lb {

enum class NodeCondition : std::uint8_t { kStarting, kUp, kFull, kDraining };
std::string_view to_text(NodeCondition condition) noexcept;

struct NodeHealth {
  NodeCondition condition = NodeCondition::kUp;
  std::int64_t listeners = 0;
  std::int64_t most_listeners = 0;  // that a proxy may have open here; 0: not known
  double use = 0;                   // 1: full
  std::string drain;                // "soft", "move", "hard"; "": it does not drain
  std::string certificate;          // what is wrong with one of TLS: "expired"; "": nothing
  bool archive_paused = false;      // the disk of a recording is full, or fails
  bool log_fails = false;           // that of the logs
  std::string version;

  bool takes_listeners() const noexcept { return condition == NodeCondition::kUp; }
};

// {"state":"up","listeners":12,"capacity_used":0.37,"version":"0.1.0"}
std::string health_json(const NodeHealth& health);
// "up ready 63% maxconn:5000\n", "drain\n"
std::string agent_line(const NodeHealth& health);
// "edge1 up 37%\n", at most so many bytes.
std::string datagram_answer(const NodeHealth& health, std::string_view id, std::size_t most_bytes);

}  // namespace lb
