// Plain settings of <config-external>.
// Thread: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace lb {

// The servers that get its mounts.
enum class ExternalFor : std::uint8_t {
  kAuto,     // kCluster on a server that accepts nodes, otherwise kNode
  kNode,     // only this one
  kCluster,  // also its nodes that use no backend themselves
};

struct ExternalSettings {
  std::string url;  // "": none
  std::string username, password;
  std::chrono::seconds poll{5};
  std::chrono::seconds wait{55};  // a backend may hold a request so long until a change; 0: not
  std::chrono::seconds timeout{10};
  ExternalFor serves = ExternalFor::kAuto;
  bool on_demand = false;
  unsigned confirm = 2;  // lists; 0: an administrator
  bool allow_empty = false;
  std::chrono::seconds grace{60};  // of a source whose mount was removed
  bool private_relays = false;     // its relays may be in private networks
  std::string cache;               // "": external.json in logdir

  bool operator==(const ExternalSettings&) const = default;
};

}  // namespace lb
