// Plain settings of the cluster floor; app/topology/cluster_plans.cc makes them from the
// configuration, with all defaults resolved.
// Thread: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/cat.h"
#include "net/socket/connector.h"

namespace lb {

// The state of an upstream's stream as its master reports it over the link.
enum class StreamWord : std::uint8_t {
  kNone,     // no link to the master
  kOffered,  // it has the stream
  kGone,     // the master had it, and has withdrawn it or lost its link
};

// One place that a relay may pull from.
struct Upstream {
  ConnectTarget target;
  std::string mount = "/";         // decoded, unless
  bool as_in_url = false;          // it is a configured target: "/;", "/live?key=1", "/a%20b"
  std::string username, password;  // both or neither are used
  std::chrono::milliseconds connect_deadline{10'000};
  bool private_redirects = false;  // redirects may lead into private networks
  // A program with its arguments, which writes the stream, in place of a server.  Empty: a server.
  std::vector<std::string> program;
  std::string content_type;  // of the program's stream
  StreamWord word = StreamWord::kNone;
  std::uint64_t offer_number = 0;  // changes when it is offered again

  bool operator==(const Upstream&) const = default;
};

// For log lines and events: "127.0.0.1:8000/live", "program ffmpeg".
inline std::string to_text(const Upstream& upstream) {
  if (!upstream.program.empty()) return "program " + upstream.program.front();
  return cat({upstream.target.host, ":", upstream.target.port, upstream.mount});
}

// Whether both are the same stream, so that it need not be asked for again.
inline bool same_place(const Upstream& a, const Upstream& b) {
  return a.target.host == b.target.host && a.target.port == b.target.port &&
         a.target.tls == b.target.tls && a.mount == b.mount && a.program == b.program &&
         a.content_type == b.content_type;
}

// One mount that is pulled from elsewhere.
struct RelayPlan {
  std::string local_mount;
  std::vector<Upstream> upstreams;        // in order of preference; never empty
  std::chrono::milliseconds stall{1000};  // of silence, before another upstream is asked
  bool hot = false;                       // the best other upstream is read beside the writing one
  bool icy_metadata = true;
  bool on_demand = false;
  bool from_master = false;              // without a <relay>
  bool once = false;                     // one of several nodes pulls it (cluster/link/ingest.h)
  bool held = false;                     // its upstreams are not asked: another node captures it
  std::chrono::seconds run_on{5};        // on-demand: time without listeners before it stops
  std::chrono::seconds retry_delay{10};  // the longest time between two attempts

  bool operator==(const RelayPlan&) const = default;
};

// A server whose streams are all relayed.
struct MasterPlan {
  ConnectTarget target;
  std::string username, password;
  std::chrono::seconds interval{120};       // between two lists
  bool publish = false;                     // report to it, so that it redirects listeners here
  std::chrono::seconds report_interval{5};  // between two reports, each with a list after it
  std::chrono::seconds retry_delay{10};     // of its relays
  std::chrono::seconds retry_max{10};       // between two attempts to get a list
  std::chrono::seconds run_on{5};
  bool relay_auth = false;  // its relays log in like the list request
  bool on_demand = false;
  bool private_redirects = false;  // as in Upstream, also for servers in its list

  bool operator==(const MasterPlan&) const = default;
};

}  // namespace lb
