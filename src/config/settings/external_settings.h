// Plain settings of <config-external>.
// Thread: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace lb {

// The servers that its mounts are for.
enum class ExternalFor : std::uint8_t {
  kAuto,     // kCluster at a server that takes nodes in, else kNode
  kNode,     // this one
  kCluster,  // and those of its nodes that ask no backend themselves
};

struct ExternalSettings {
  std::string url;  // "": none
  std::string username, password;
  std::chrono::seconds poll{5};
  std::chrono::seconds wait{55};  // that a backend is asked to wait for a change; 0: not asked
  std::chrono::seconds timeout{10};
  ExternalFor serves = ExternalFor::kAuto;
  bool on_demand = false;
  unsigned confirm = 2;  // lists; 0: an administrator
  bool allow_empty = false;
  std::chrono::seconds grace{60};  // that a source goes on whose mount was removed
  bool private_relays = false;     // its relays may be of private networks
  std::string cache;               // "": external.json in logdir

  bool operator==(const ExternalSettings&) const = default;
};

}  // namespace lb
