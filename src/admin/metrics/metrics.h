// The numbers of the server for Prometheus: a plain picture of one moment, the table of metrics,
// and its two printers: the text exposition, and the reference page.
//
// A metric is a row of the table in metrics.cc: name, labels, help, and a function that reads it.
// Both printers read the rows.
// Names: those that tools already use (icecast_exporter's icecast_listeners, icecast_stream_start,
// Prometheus' own process_*); otherwise by Prometheus' rules, with the unit at the end.
// Bounds: kMaxStreams mounts have samples of their own, by name; the others are summed under
// mount="others", so that invented mounts cannot fill a monitor's disk.  The same holds for relays.
// Text from outside (names of mounts, types) becomes valid UTF-8 and is escaped.
// Source: Prometheus, "Exposition formats" (text 0.0.4), "Metric and label naming".
// Thread: plain values, pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/metrics/health_text.h"

namespace lb {

struct MetricsPicture {
  struct Process {
    double cpu_seconds = 0;
    std::uint64_t resident_bytes = 0, virtual_bytes = 0;
    std::uint64_t open_fds = 0, most_fds = 0;
    double started = 0;  // Unix time
  };
  struct Loop {
    std::string name;
    double late_seconds = 0;    // the greatest delay lately
    double silent_seconds = 0;  // since its last turn
    double worked_seconds = 0;
    std::uint64_t tasks = 0;
  };
  struct Stream {
    std::string mount, listenurl, type;
    bool running = false;
    double started = 0;                             // Unix time
    std::int64_t listeners = 0, listener_peak = 0;  // the audience
    std::int64_t relays = 0;                        // servers that relay it from here
    std::uint64_t bytes_read = 0, bytes_sent = 0;
    std::uint64_t bytes_per_second = 0;  // of the source; 0: not known
    std::uint64_t slow_listeners = 0, listener_connections = 0;
  };
  struct Relay {
    std::string mount;
    std::string_view state;  // of kRelayStates
    bool flows = false;
    bool has_standby = false;
    std::optional<double> gap;  // seconds, of its last switch
  };
  struct Counted {
    std::string_view kind;
    std::uint64_t times = 0;
  };
  struct Certificate {
    std::string file, names;
    double expires = 0;  // Unix time
  };
  // Questions of authorities.
  struct ChallengeCount {
    std::string_view type;
    bool known = false;
    std::uint64_t times = 0;
  };
  // Orders of <acme>.
  struct CertificateOrder {
    std::string names;
    unsigned failures = 0;            // in a row
    double next_attempt = 0;          // Unix time
    std::optional<double> renewal{};  // … of the certificate in use
  };

  std::string version;
  double now = 0;  // Unix time
  Process process;
  NodeCondition condition = NodeCondition::kUp;
  double use = 0;  // of capacity
  std::int64_t clients = 0, clients_limit = 0;
  std::int64_t sources = 0, sources_limit = 0;
  std::int64_t listeners = 0, listeners_limit = -1;  // the audience; -1: not limited
  std::int64_t listening_relays = 0;
  struct Elsewhere {
    std::uint64_t nodes = 0, below = 0;
  };
  std::optional<Elsewhere> elsewhere;  // nullopt: only own listeners are counted
  std::uint64_t audience_bytes_per_second = 0;
  std::uint64_t connections = 0, requests = 0, files = 0;
  std::uint64_t listener_connections = 0, source_connections = 0;
  std::uint64_t bytes_read = 0, bytes_sent = 0;
  std::uint64_t takeovers = 0;
  std::vector<Counted> relay_switches;
  std::uint64_t lagged = 0;
  std::vector<Counted> refusals;
  std::vector<Loop> loops;
  std::vector<Stream> streams;  // sorted by mount
  std::vector<Relay> relays;    // sorted by mount
  struct BackendRequests {
    std::string_view purpose;
    std::uint64_t answered = 0, failed = 0;
  };
  std::vector<BackendRequests> backend_requests;
  std::uint64_t auth_in_flight = 0, auth_waiting = 0, auth_unsent = 0;
  std::vector<Certificate> certificates;
  std::vector<CertificateOrder> certificate_orders;
  std::vector<ChallengeCount> challenges;
  struct CertificateEnd {
    std::string directory, result;
    std::uint64_t times = 0;
  };
  std::vector<CertificateEnd> certificate_ends;
  std::uint64_t log_lines_lost = 0;
  std::uint64_t reloads = 0, failed_reloads = 0;
  std::uint64_t pumps = 0, pumped = 0;  // old processes, their TLS connections
  double oldest_pump = 0;               // seconds
  // Answers of the API by their status.
  std::vector<std::pair<int, std::uint64_t>> api_requests;
  struct Store {
    std::uint64_t up = 0, revision = 0;
    double commit_seconds = 0;  // of the last change
    double stale_seconds = 0;   // since it refuses changes
    std::uint64_t mounts = 0, accounts = 0;
  };
  std::optional<Store> store;
  std::uint64_t exec_restarts = 0, ingest_owned = 0;
  std::uint64_t event_readers = 0;
  std::uint64_t webhook_sent = 0, webhook_given_up = 0;  // events
  struct Slots {
    std::string mount;
    std::int64_t limit = -1;  // -1: another node has the limit
    std::int64_t used = 0, idle = 0, given = 0, held = 0;
  };
  std::vector<Slots> slots;  // sorted by mount
  std::uint64_t slot_waits = 0;
  struct ConfLag {
    std::string node;
    double seconds = 0;
  };
  std::vector<ConfLag> conf_lags;
  struct Archive {
    std::uint64_t bytes = 0;
    double oldest = 0, write_lag = 0;  // seconds
    std::uint64_t skipped_bytes = 0;
    std::int64_t full = 0;  // recordings that are paused
    std::uint64_t warm_reads = 0, disk_reads = 0, remote_reads = 0;
    std::uint64_t fetched_bytes = 0;  // from other nodes
    std::uint64_t filled_bytes = 0;   // … and kept, because this node had missed them
    std::uint64_t shifted = 0;        // listeners in the past
  };
  std::optional<Archive> archive;  // nullopt: none
  struct External {
    double age = 0;  // seconds
    std::uint64_t mounts = 0, bad_mounts = 0, failures = 0;
  };
  std::optional<External> external;  // nullopt: none
  struct Audience {
    std::uint64_t unsent_rows = 0, merged = 0, bytes = 0;
  };
  std::optional<Audience> audience;  // nullopt: there is no <audience>
  struct MonthUse {
    std::string of;
    std::string_view what;
    double ratio = 0;
  };
  std::vector<MonthUse> quotas, months;  // of accounts; of mounts with a monthly limit
  struct Logins {
    std::vector<Counted> results;
    std::uint64_t sessions = 0;
  };
  std::optional<Logins> logins;  // nullopt: there is no <console>
  std::uint64_t hls_sessions = 0;
  std::vector<Counted> hls_requests;
};

constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::size_t kMaxStreams = 1000;
// owns: selects the mounts whose samples are printed; the server's own are then left out.
std::string metrics_text(MetricsPicture picture,
                         const std::function<bool(std::string_view)>& owns = {});

// doc/metrics.md
std::string metrics_reference();

}  // namespace lb
