// The running state in answers of the API: nodes, and the listeners of a mount; and orders about
// it.  The server gathers the state before a plan is made, and executes orders after it.
//
// Thread: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/metrics/health_text.h"
#include "stream/listener/listener_row.h"
#include "stream/source/off_air.h"
#include "stream/source/song_details.h"

namespace lb {

// The part of the running state that an endpoint needs.
enum class Look : std::uint8_t {
  kNothing,
  kNodes,
  kListeners,     // of its mount, without the nodes: consoles ask repeatedly
  kListener,      // its listener, and the nodes
  kCertificates,  // of this server
  kHealth,        // of this server, and the nodes
};

// The source of a mount at this server.
struct SourceNow {
  std::string node;  // "": this server
  std::string user;  // of its login; "": it is a relay
  std::string address, agent;
  std::int64_t since = 0;  // Unix seconds
  std::uint64_t kbps = 0;  // as measured; 0: not known yet
};

// A mount in the whole cluster, as this server knows it.
struct MountNow {
  bool on_air = false;
  std::uint64_t listeners = 0;
  std::optional<SourceNow> source;   // nullopt: none known
  std::string title;                 // "": none known
  std::string picture_refused;       // why the title has no picture; "": no reason
  std::optional<OffAirRow> off_air;  // nullopt: on the air, or never was
  std::string former;                // the account whose record was deleted lately; "": none
  bool is_file = false;              // the web root has a file of this name
};

struct NodeNow {
  std::string id;
  std::string_view state;  // up, suspect, down, draining
  bool self = false;       // this server
  std::string url;         // where listeners find it; "": not known
  std::uint64_t listeners = 0;
  std::optional<std::uint64_t> max_listeners;  // nullopt: no limit
  std::uint64_t kbps = 0;                      // owed to listeners
  std::optional<std::uint64_t> max_kbps;
  std::uint64_t sources = 0;
  std::optional<std::uint64_t> max_sources;  // nullopt: not known
  std::optional<std::uint64_t> uptime_s;     // of another node: since its link began
  std::string version;                       // "": not known
  std::optional<double> rtt_ms;
  std::vector<std::string> tags;
  std::string country;  // the first one that it is near to; "": none
  unsigned weight = 1;
  // Of this server: processes from before upgrades that carry TLS connections, and those.
  std::optional<std::uint64_t> old_processes, old_connections;
  std::uint64_t reserved_kbps = 0;  // by mounts of the store
};

struct ListenerNow : ListenerRow {  // `id` at its node
  std::string country{};
  std::vector<std::string> path{};  // of the stream: the source's server first, `node` last
  std::int64_t since = 0;           // in place of `seconds`; Unix seconds
};

// A certificate of this server, or an ordered one that is not here yet.
struct CertificateNow {
  std::vector<std::string> names;
  std::string issuer, kind;                 // "": not known
  std::optional<std::int64_t> from, until;  // Unix seconds; nullopt: not known yet
  bool ordered = false;                     // by <acme>; otherwise a file of the operator
  std::optional<std::int64_t> next;         // the time of the next order by <acme>, Unix seconds
  unsigned failures = 0;                    // in a row
  std::string failure, directory;           // "": none
  bool under_way = false;                   // an order runs
  std::chrono::seconds may_be_asked{0};     // the wait until an order by hand is accepted
  bool staging = false;                     // a trial with the staging authority is possible
  std::optional<std::vector<std::string>> nodes{};  // that have it; nullopt: this server's own
};

struct LiveView {
  std::vector<NodeNow> nodes;
  std::vector<ListenerNow> listeners;
  bool more = false;  // there are more listeners
  std::vector<CertificateNow> certificates;
  NodeHealth health;
  std::vector<std::string> missing;  // nodes with listeners of the mount that sent none
};

// A listener's place in lists: by node, then by number there.
struct ListenerPlace {
  std::string node;
  std::uint64_t id = 0;
};
// "edge1/17"; nullopt: invalid.
std::optional<ListenerPlace> parse_listener_place(std::string_view text);
std::string to_text(const ListenerPlace& place);

// If an order succeeds, the plan's answer is sent, otherwise a problem.
struct ApiOrder {
  enum class Kind : std::uint8_t {
    kEndSource,
    kSetTitle,
    kSetPicture,
    kEndListener,
    kMoveListener,
    kDrainNode,
    kWeighNode,
    kOrderCertificate,
    kReload
  };
  Kind kind = Kind::kEndSource;
  std::string mount{};
  std::string node{};  // "": this server
  std::uint64_t listener = 0;
  std::string to{};           // of kMoveListener: a mount
  TitleRequest title{};       // of kSetPicture: `art`, and the song that it is of, if any
  std::string certificate{};  // one of its names
  bool staging = false;       // … is tried with staging, and not used
  bool revokes = false;       // … is revoked, because its key was stolen
  std::string picture{};      // its bytes
  bool drain = false;
  std::string drain_mode{};  // "": as configured
  std::optional<std::uint64_t> drain_seconds{};
  std::optional<unsigned> weight{};  // nullopt: as configured
};

}  // namespace lb
