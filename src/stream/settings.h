// Plain settings of the stream floor; config/ fills them, with all merging done: a MountSettings
// already holds the default mount's and the global values where the mount says nothing.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "http/settings.h"

namespace lb {

enum class LagPolicy : std::uint8_t { kDrop, kSkip };                  // <lag-policy>: drop | skip
enum class DeliveryCall : std::uint8_t { kAuto, kSendfile, kWritev };  // <delivery>

struct LimitSettings {
  unsigned clients = 256;
  unsigned sources = 16;
  std::size_t queue_bytes = 512000;
  std::size_t burst_bytes = 65536;  // 0 when burst-on-connect is 0
  std::chrono::seconds header_timeout{15};
  std::chrono::seconds source_timeout{10};
  std::chrono::seconds client_timeout{30};
  std::chrono::milliseconds max_pulse{750};
  unsigned threads = 0;  // workers; 0: one a processor, at most 64
  DeliveryCall delivery = DeliveryCall::kAuto;
  unsigned max_listeners = 0;  // KH: over all mounts; 0 = no limit
};

// <authentication type= > with its <option name= value=/> rows, not interpreted here.
struct AuthenticatorSettings {
  std::string type;  // "htpasswd", "url", …; "": none
  std::vector<std::pair<std::string, std::string>> options;
};

// <balance> of a mount, for the cluster floor; -1: as for all mounts.
struct MountBalance {
  int policy = -1, when = -1, affinity = -1;
  int min_carriers = -1, busy_listeners = -1;
  std::vector<std::string> tags;  // nodes must have all of them

  bool operator==(const MountBalance&) const = default;
};

struct MountSettings {
  std::string name;  // may be a pattern (fnmatch, FNM_PATHNAME)
  std::string username = "source";
  std::string password;    // "": the global source password
  int max_listeners = -1;  // -1: no limit
  std::chrono::seconds max_listener_duration{0};
  std::string dump_file;
  std::string intro;
  std::string fallback_mount;
  bool fallback_override = false;
  bool fallback_when_full = false;
  std::string charset;  // "": not configured (decisions B13)
  int metaint = -1;     // -1: source's or 16000; 0: off
  bool hidden = false;
  bool no_mount = false;
  int is_public = -1;  // -1: the source decides
  std::size_t burst_bytes = 65536;
  std::size_t queue_bytes = 512000;
  std::chrono::seconds source_timeout{10};
  int linger_seconds = -1;  // <linger-for>: without a source; -1: relays 10, others 0
  bool hijack = false;      // a silent source may be replaced by the same user
  std::chrono::milliseconds max_pulse{750};
  LagPolicy lag_policy = LagPolicy::kDrop;
  std::string on_connect, on_disconnect;
  // Overrides of what the source says; nullopt: not configured.
  std::optional<std::string> stream_name, stream_description, stream_url, genre, type, subtype;
  std::optional<std::string> bitrate;
  std::string listenurl;  // KH: told in statistics and directories; "": hostname:port
  std::string cluster_password;
  std::vector<HttpHeader> http_headers;  // of the default mount first, then of the mount
  AuthenticatorSettings authenticator;
  MountBalance balance;
};

}  // namespace lb
