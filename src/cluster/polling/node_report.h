// NodeReport: the report of a polling slave to its master, text ↔ struct.
//
// Three forms (doc/protocol.md has them byte by byte):
//   ours    POST /admin/sourcelist.txt with the header line X-LB-Node: its id, public addresses,
//           capacity and load; the body lists mounts with their listeners
//   plain   the same without that line: a slave of the patch of 2004, which lists only its mounts;
//           a body that begins with "# key=value …" may have the rest
//   KH      GET /admin/streams or /admin/streamlist.txt with rserver=, rport=, interval=
// Source: the patch of 2004 as its mail describes it (its line grammar is lost, this one is ours);
// Icecast-KH's slave.c for its form.
//
// Reports are untrusted: lengths and numbers are limited, a host is a host name or an address, and
// any violation makes the whole report invalid.  Unknown keys are ignored, because later versions
// may send more.
// Thread: pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cluster/nodes/carriers.h"
#include "cluster/nodes/node.h"

namespace lb {

// id "": its login name; epoch "": not given.
struct NodeReport : NodeFacts {
  enum class Form : std::uint8_t { kOurs, kPlain, kKh };
  static constexpr std::size_t kMaxBytes = 1 << 20;  // of the body
  static constexpr std::size_t kMaxHeaderBytes = 2048;
  static constexpr std::size_t kMaxMounts = 10'000;
  static constexpr std::size_t kMaxAddresses = 4;
  static constexpr std::size_t kMaxTags = 16;
  static constexpr std::size_t kMaxCountries = 32;
  static constexpr std::chrono::milliseconds kDefaultEvery{120'000};  // Icecast's interval

  Form form = Form::kPlain;
  std::uint64_t seq = 0;
  std::uint16_t port = 0;             // without addresses: the port at its connecting address
  std::optional<unsigned> listeners;  // without relays
  std::optional<double> kbps;
  std::optional<std::uint64_t> arrived;  // with redirects of this master
  std::chrono::milliseconds every = kDefaultEvery;
  bool has_every = false;   // the report has `every`
  std::int64_t now_ms = 0;  // its wall clock, Unix ms; 0: not given
  unsigned relays = 0;
  bool tokens = false;  // it can check the tokens of redirects
  bool draining = false;
  bool leaving = false;                 // it ends now
  PullFault cannot = PullFault::kNone;  // why it cannot pull most of its streams
  std::vector<MountLoad> mounts;
};

// header: the value of X-LB-Node; "": there was none.
Result<NodeReport> parse_node_report(std::string_view header, std::string_view body);
// The value of X-LB-Node, and the body.
std::string node_header(const NodeReport& report);
std::string node_body(const NodeReport& report);

// Whether a query asks for KH's registration.
bool is_kh_registration(std::string_view query);
Result<NodeReport> parse_kh_registration(std::string_view query);

}  // namespace lb
