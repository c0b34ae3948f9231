// <webhook>: an address that gets events.
// Thread: immutable once loaded.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace lb {

struct WebhookSettings {
  std::string url;
  std::vector<std::string> events;  // of kEventNames; empty: all of them
  std::string secret;               // signs requests; "": unsigned
  std::string mount;                // a name or a pattern, as of <mount>; "": all, and the node
  friend bool operator==(const WebhookSettings&, const WebhookSettings&) = default;
};

// The events of EventService; see doc/orchestration.md.
inline constexpr auto kEventNames = std::to_array<std::string_view>({"start",
                                                                     "stop",
                                                                     "reload",
                                                                     "drain",
                                                                     "drained",
                                                                     "undrain",
                                                                     "node-up",
                                                                     "node-suspect",
                                                                     "node-drain",
                                                                     "node-down",
                                                                     "source-connect",
                                                                     "source-disconnect",
                                                                     "title",
                                                                     "relay-switch",
                                                                     "mount-moved",
                                                                     "mount-move-forced",
                                                                     "ingest-taken",
                                                                     "ingest-released",
                                                                     "exec-ended",
                                                                     "archive-full",
                                                                     "archive-resumed",
                                                                     "archive-filled",
                                                                     "quota",
                                                                     "source-takeover",
                                                                     "source-return",
                                                                     "external-removal",
                                                                     "dead-air",
                                                                     "dead-air-over",
                                                                     "hours-over",
                                                                     "certificate",
                                                                     "certificate-failed",
                                                                     "report",
                                                                     "report-failed",
                                                                     "account-quota",
                                                                     "audience-gap"});

}  // namespace lb
