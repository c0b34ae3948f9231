// Plain settings of relays, masters and the cluster, as the configuration file gives them.
// Thread: plain values.
// Names: <relay>, <master-*> are Icecast's; the <master> block, <redirect> and
// <max-redirect-slaves> are Icecast-KH's; <cluster> is ours.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "cluster/balance/balance.h"
#include "cluster/nodes/drain_mode.h"

namespace lb {

// One place that a relay may pull from.
struct RelayUpstreamSettings {
  std::string server = "127.0.0.1";
  int port = 0;
  std::string mount = "/";
  std::string bind_address;  // "": the system chooses
  bool tls = false;
  std::chrono::seconds timeout{4};
  int priority = 0;  // 0: after the earlier hosts (KH)
  std::string uri;   // as read; the loader splits it
};

// Which nodes pull a relay that several nodes have.
enum class IngestMode : std::uint8_t {
  kEach,  // each by itself
  kOnce,  // one of them; the others pull from it
};

// What a relay does with the best of its other upstreams.
enum class RelayStandby : std::uint8_t {
  kWarm,  // it is connected when the present one is lost
  kHot,   // it is read all the time
};

// <relay>
struct RelaySettings {
  RelayUpstreamSettings host;  // the elements of <relay> itself
  std::vector<RelayUpstreamSettings>
      hosts;                // <master>/<host> children (KH), tried in order; empty: only host
  std::string local_mount;  // "": the mount of the host
  bool icy_metadata = true;
  std::string username;
  std::string password;
  bool on_demand = false;
  bool enabled = true;
  std::chrono::seconds run_on{5};  // an on-demand relay runs this long without listeners
  std::chrono::seconds retry_delay{10};
  std::chrono::milliseconds stall{1000};
  RelayStandby standby = RelayStandby::kWarm;
  bool private_redirects = false;  // redirects may lead into private networks
  std::string exec;                // a program that writes the stream, instead of a server
  std::string content_type;        // of its stream
  IngestMode ingest = IngestMode::kEach;
  std::string capture_at;    // with kOnce: the preferred node
  bool hand_back = true;     // with kOnce: to a better node
  bool public_only = false;  // a backend's list names it: no server in a private network
  int line = 0;              // where in the configuration file
};

// What a master may order over its link.
enum class MasterOrders : std::uint8_t {
  kAuto,  // kAll at a server that accepts no nodes itself, otherwise kStreams
  kNone,
  kStreams,  // streams that are relayed from it, or have its records
  kAll,      // a drain too
};

// Whether the keys, users and handed-over sessions of a master are accepted.
enum class MasterSessions : std::uint8_t {
  kAuto,  // from a master that may order everything
  kNone,
  kAll,
};

// <master>, or the flat <master-server> … elements together.
struct MasterSettings {
  std::string server;
  int port = 0;
  int tls_port = 0;      // 0: no TLS
  int cluster_port = 0;  // 0: no cluster link
  std::string username = "relay";
  std::string password;
  std::string bind_address;
  std::chrono::seconds interval{0};  // 0: not set
  std::chrono::seconds retry_delay{10};
  std::chrono::seconds retry_max{10};
  std::chrono::seconds run_on{5};
  bool relay_auth = false;  // its relays log in with the master's user and password
  bool redirect = false;    // ask the master to send listeners here
  bool on_demand = false;
  bool private_redirects = false;  // redirects and its list may lead into private networks
  MasterOrders orders = MasterOrders::kAuto;
  MasterSessions sessions = MasterSessions::kAuto;
  bool flat = false;  // made from the flat elements
  int line = 0;
};

// <redirect> at the root (KH): a server that listeners may always be sent to.
struct RedirectTarget {
  std::string host;
  int port = 8000;
  std::uint64_t max_bits_per_second = 0;  // 0: no limit
  unsigned max_listeners = 0;             // 0: no limit
};

struct PublicAddress {
  std::string scheme = "http";
  std::string address;  // host:port
};

// <cluster><node>: a slave that may report here.
struct ClusterNode {
  std::string id;
  std::string secret;
  std::string allow_public;  // host:port[,port]: the addresses that it may announce
  std::uint64_t max_bits_per_second = 0;
  unsigned max_listeners = 0;
  int max_sources = -1;  // mounts that it may be the home of; -1: as it reports
  unsigned weight = 1;
  bool allow_peer_address = false;     // its peer address is public too
  std::vector<std::string> countries;  // it is near to these; empty: as the node reports
  std::vector<std::string> sources;    // patterns of mounts whose stream may come from it
  // Names, or patterns "*.example.org": it gets their certificates and keys from this server,
  // besides those of allow_public.
  std::vector<std::string> certificates;
};

// <cluster><legacy-slave>: an Icecast-KH or stock slave, known by its address.
struct LegacySlave {
  std::string address;
  std::string public_address;  // "": `address`, with the reported port
  std::uint64_t max_bits_per_second = 0;
  unsigned max_listeners = 0;
  unsigned weight = 1;
  std::vector<std::string> countries;
};

// How a node treats a listener without a valid token.
enum class TokenRequire : std::uint8_t {
  kOff,   // serves the listener
  kSoft,  // sends it to a master, once
  kHard,  // refuses it
};

// <cluster>
struct ClusterSettings {
  std::string id;
  int port = 0;  // of the cluster link; 0: none
  std::vector<PublicAddress> public_addresses;
  std::vector<std::string> tags;
  std::vector<std::string> countries;  // near to this node; empty: all are

  std::uint64_t max_bits_per_second = 0;  // <capacity>; 0: no limit
  unsigned max_listeners = 0;
  unsigned max_accept = 0;  // new listeners a second
  unsigned self_weight = 1;
  int max_sources = -1;               // mounts that it may be the home of; -1: as <limits><sources>
  std::uint64_t max_ingest_bits = 0;  // of their sources; 0: as <limits><max-bandwidth>

  BalanceRules rules;
  int eps = 500;  // this and the next two in ten-thousandths
  int floor = 0;
  int direct_budget = 1000;
  std::chrono::milliseconds hold{1000};
  std::chrono::seconds retry_after{2};
  std::vector<std::string> no_redirect;  // parts of User-Agents; they are served here

  std::string token_keys;
  TokenRequire token_require = TokenRequire::kOff;

  DrainMode drain_mode = DrainMode::kOff;
  std::chrono::seconds drain_time{60};
  std::string drain_rate = "2%";

  bool udp = false;                // answer datagrams on the listen sockets' ports
  int agent_port = 0;              // of the line for HAProxy; 0: none
  std::string agent_bind_address;  // "": all IPv4 addresses
  std::string on_node_event;       // a program, run for every event; "": none

  std::vector<ClusterNode> nodes;
  std::vector<LegacySlave> legacy_slaves;

  int max_redirect_slaves = 0;  // -1: no limit; at the root, KH's name
  bool master_public_slave = false;
  std::vector<RedirectTarget> redirects;
};

}  // namespace lb
