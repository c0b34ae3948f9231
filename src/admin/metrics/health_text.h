// The health of this node as text: JSON for probes (/_lb/health), the line of HAProxy's
// agent-check, the datagram for switches.
//
// HAProxy understands (its documentation, "agent-check"): up, drain, ready (ends an earlier drain),
// N% (of the weight in its configuration), maxconn:N. So the percentage is the free part.
// A datagram's answer is cut to the length of the question, so that this server cannot amplify
// traffic to a forged address.
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
  std::int64_t most_listeners = 0;  // that a proxy may open here; 0: not known
  double use = 0;                   // 1: full
  std::string drain;                // "soft", "move", "hard"; "": none
  std::string certificate;          // the error of a TLS certificate: "expired"; "": none
  bool archive_paused = false;      // the disk of a recording is full or failing
  bool log_fails = false;           // … or that of the logs
  std::string version;

  bool takes_listeners() const noexcept { return condition == NodeCondition::kUp; }
};

// {"state":"up","listeners":12,"capacity_used":0.37,"version":"0.1.0"}
std::string health_json(const NodeHealth& health);
// "up ready 63% maxconn:5000\n", "drain\n"
std::string agent_line(const NodeHealth& health);
// "edge1 up 37%\n", at most most_bytes.
std::string datagram_answer(const NodeHealth& health, std::string_view id, std::size_t most_bytes);

}  // namespace lb
