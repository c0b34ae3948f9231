// Plain settings of the cluster floor; app/relay_service.cc makes them from the configuration, with
// all defaults resolved.
// Thread: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "net/connector.h"

namespace lb {

// One place that a relay may pull from.
struct Upstream {
  ConnectTarget target;
  std::string mount = "/";         // decoded
  std::string username, password;  // both or neither are used
  std::chrono::milliseconds connect_deadline{10'000};

  bool operator==(const Upstream&) const = default;
};

// One mount that is pulled from elsewhere.
struct RelayPlan {
  std::string local_mount;
  std::vector<Upstream> upstreams;  // in order of preference; never empty
  bool icy_metadata = true;
  bool on_demand = false;
  std::chrono::seconds run_on{5};        // on-demand: goes on this long without listeners
  std::chrono::seconds retry_delay{10};  // the longest time between two attempts

  bool operator==(const RelayPlan&) const = default;
};

// A server whose streams are all relayed.
struct MasterPlan {
  ConnectTarget target;
  std::string username, password;
  std::chrono::seconds interval{120};       // between two lists
  bool publish = false;                     // report to it, so that it sends listeners here
  std::chrono::seconds report_interval{5};  // between two reports, each with a list after it
  std::chrono::seconds retry_delay{10};     // of its relays
  std::chrono::seconds retry_max{10};       // between two attempts to get a list
  std::chrono::seconds run_on{5};
  bool relay_auth = false;  // its relays log in as the list request does
  bool on_demand = false;

  bool operator==(const MasterPlan&) const = default;
};

}  // namespace lb
