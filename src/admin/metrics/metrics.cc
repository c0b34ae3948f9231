#include "admin/metrics/metrics.h"

#include <algorithm>
#include <array>
#include <utility>

#include "admin/metrics/metric_writer.h"

namespace lb {
namespace {

enum class MetricType : std::uint8_t { kGauge, kCounter };
enum class MetricUnit : std::uint8_t { kNone, kSeconds, kBytes, kBytesPerSecond, kRatio, kTime };

constexpr std::string_view kOthers = "others";
constexpr std::array<std::string_view, 4> kRelayStates = {"idle", "connecting", "running",
                                                          "waiting"};

using Picture = MetricsPicture;
using Writer = MetricWriter;

struct MetricRow {
  std::string_view name;
  MetricType type = MetricType::kGauge;
  MetricUnit unit = MetricUnit::kNone;
  std::string_view labels;  // for the reference; "": none
  std::string_view help;
  void (*read)(const Picture& picture, Writer& out) = nullptr;
};

// One number of the whole server.
template <auto Member>
void whole(const Picture& picture, Writer& out) {
  out.sample(picture.*Member);
}
// 0: not known, where /proc cannot be seen.
template <auto Member>
void of_process(const Picture& picture, Writer& out) {
  if (picture.process.*Member > 0) out.sample(picture.process.*Member);
}
template <auto Member>
void of_archive(const Picture& picture, Writer& out) {
  if (picture.archive) out.sample((*picture.archive).*Member);
}
template <auto Member>
void of_external(const Picture& picture, Writer& out) {
  if (picture.external) out.sample((*picture.external).*Member);
}
template <auto Member>
void of_audience(const Picture& picture, Writer& out) {
  if (picture.audience) out.sample((*picture.audience).*Member);
}
template <auto Member>
void of_store(const Picture& picture, Writer& out) {
  if (picture.store) out.sample((*picture.store).*Member);
}
// One for every loop, or mount.
template <auto Member>
void each_loop(const Picture& picture, Writer& out) {
  for (const Picture::Loop& loop : picture.loops) out.sample({{"loop", loop.name}}, loop.*Member);
}
template <auto Member>
void each_mount(const Picture& picture, Writer& out) {
  for (const Picture::Stream& stream : picture.streams)
    out.sample({{"mount", stream.mount}}, stream.*Member);
}
// Of what cannot be summed.
template <auto Member>
void each_named_mount(const Picture& picture, Writer& out) {
  for (const Picture::Stream& stream : picture.streams)
    if (stream.mount != kOthers) out.sample({{"mount", stream.mount}}, stream.*Member);
}

void sample_limit(std::int64_t value, Writer& out) {
  if (value > 0) out.sample(value);
}

using enum MetricType;
using enum MetricUnit;

constexpr auto kRows = std::to_array<MetricRow>({
    {"process_cpu_seconds_total", kCounter, kSeconds, "", "Processor time of all threads.",
     of_process<&Picture::Process::cpu_seconds>},
    {"process_resident_memory_bytes", kGauge, kBytes, "", "Memory in use.",
     of_process<&Picture::Process::resident_bytes>},
    {"process_virtual_memory_bytes", kGauge, kBytes, "", "Address space.",
     of_process<&Picture::Process::virtual_bytes>},
    {"process_open_fds", kGauge, kNone, "", "Open file descriptors; every connection is one.",
     of_process<&Picture::Process::open_fds>},
    {"process_max_fds", kGauge, kNone, "", "How many there may be.",
     of_process<&Picture::Process::most_fds>},
    {"process_start_time_seconds", kGauge, kTime, "", "When the process started.",
     of_process<&Picture::Process::started>},

    {"icecast_up", kGauge, kNone, "", "Always 1: the server answers.",
     [](const Picture&, Writer& out) { out.sample(1); }},
    {"icecast_build_info", kGauge, kNone, "version", "Always 1; the label tells the version.",
     [](const Picture& picture, Writer& out) { out.sample({{"version", picture.version}}, 1); }},
    {"icecast_server_start", kGauge, kTime, "", "When the server started.",
     [](const Picture& picture, Writer& out) { out.sample(picture.process.started); }},
    {"icecast_node_state", kGauge, kNone, "state",
     "1 for the state that the node is in, 0 for the others.",
     [](const Picture& picture, Writer& out) {
       using enum NodeCondition;
       for (const NodeCondition one : {kStarting, kUp, kFull, kDraining})
         out.sample({{"state", to_text(one)}}, one == picture.condition ? 1 : 0);
     }},
    {"icecast_capacity_used_ratio", kGauge, kRatio, "",
     "The part of its clients, listeners or bandwidth in use.",
     whole<&Picture::use>},
    {"icecast_clients", kGauge, kNone, "", "Listeners, sources and requests that are being answered.",
     whole<&Picture::clients>},
    {"icecast_clients_limit", kGauge, kNone, "", "The limit of clients.",
     whole<&Picture::clients_limit>},
    {"icecast_sources", kGauge, kNone, "", "Connected sources.", whole<&Picture::sources>},
    {"icecast_sources_limit", kGauge, kNone, "", "The limit of sources.",
     whole<&Picture::sources_limit>},
    {"icecast_server_listeners", kGauge, kNone, "", "Listeners of all mounts, without servers that relay.",
     whole<&Picture::listeners>},
    {"icecast_server_listening_relays", kGauge, kNone, "",
     "Servers that relay a mount from here.",
     whole<&Picture::listening_relays>},
    {"icecast_cluster_listeners", kGauge, kNone, "where",
     "Listeners at the nodes of this one (nodes), and behind them (below).",
     [](const Picture& picture, Writer& out) {
       if (!picture.elsewhere) return;
       out.sample({{"where", "nodes"}}, picture.elsewhere->nodes);
       out.sample({{"where", "below"}}, picture.elsewhere->below);
     }},
    {"icecast_server_listeners_limit", kGauge, kNone, "",
     "The limit of listeners; absent without a limit.",
     [](const Picture& picture, Writer& out) { sample_limit(picture.listeners_limit, out); }},
    {"icecast_audience_bytes_per_second", kGauge, kBytesPerSecond, "",
     "What all listeners together are owed.",
     whole<&Picture::audience_bytes_per_second>},

    {"icecast_connections_total", kCounter, kNone, "", "Accepted connections.",
     whole<&Picture::connections>},
    {"icecast_client_requests_total", kCounter, kNone, "", "GET requests.",
     whole<&Picture::requests>},
    {"icecast_file_requests_total", kCounter, kNone, "", "Requests for files.",
     whole<&Picture::files>},
    {"icecast_server_listener_connections_total", kCounter, kNone, "", "Listeners that got a stream.",
     whole<&Picture::listener_connections>},
    {"icecast_source_connections_total", kCounter, kNone, "", "Sources that were admitted, relays included.",
     whole<&Picture::source_connections>},
    {"lb_source_takeovers_total", kCounter, kNone, "",
     "Changes of a mount to an encoder that stood by.", whole<&Picture::takeovers>},
    {"icecast_server_bytes_read_total", kCounter, kBytes, "", "Received from all sources.",
     whole<&Picture::bytes_read>},
    {"icecast_server_bytes_sent_total", kCounter, kBytes, "", "Sent to all listeners.",
     whole<&Picture::bytes_sent>},
    {"icecast_slow_listeners_dropped_total", kCounter, kNone, "",
     "Listeners that fell too far behind and were closed.", whole<&Picture::lagged>},
    {"icecast_refusals_total", kCounter, kNone, "reason", "Refused clients, by reason.",
     [](const Picture& picture, Writer& out) {
       for (const Picture::Refused& row : picture.refusals)
         out.sample({{"reason", row.reason}}, row.times);
     }},
    {"lb_hls_sessions", kGauge, kNone, "", "Listeners by HLS; they are in the other counts too.",
     whole<&Picture::hls_sessions>},
    {"lb_hls_requests_total", kCounter, kNone, "kind",
     "Requests for HLS: master, list, segment.",
     [](const Picture& picture, Writer& out) {
       for (const Picture::Counted& row : picture.hls_requests)
         out.sample({{"kind", row.kind}}, row.times);
     }},

    {"icecast_listeners", kGauge, kNone, "mount, listenurl, server_type",
     "Listeners of a mount, without servers that relay it.",
     [](const Picture& picture, Writer& out) {
       for (const Picture::Stream& stream : picture.streams)
         out.sample({{"mount", stream.mount}, {"listenurl", stream.listenurl}, {"server_type", stream.type}},
                    stream.listeners);
     }},
    {"icecast_listening_relays", kGauge, kNone, "mount", "Servers that relay a mount from here.",
     each_mount<&Picture::Stream::relays>},
    {"icecast_listener_peak", kGauge, kNone, "mount", "The most listeners that a mount has had at once.",
     each_named_mount<&Picture::Stream::listener_peak>},
    {"icecast_listener_connections_total", kCounter, kNone, "mount", "Listeners that began to hear a mount.",
     each_mount<&Picture::Stream::listener_connections>},
    {"icecast_slow_listeners_total", kCounter, kNone, "mount",
     "Listeners of a mount that fell too far behind.",
     each_mount<&Picture::Stream::slow_listeners>},
    {"icecast_source_up", kGauge, kNone, "mount",
     "1: a source or relay feeds the mount; 0: it waits for one.",
     [](const Picture& picture, Writer& out) {
       for (const Picture::Stream& stream : picture.streams)
         if (stream.mount != kOthers) out.sample({{"mount", stream.mount}}, stream.running ? 1 : 0);
     }},
    {"icecast_stream_start", kGauge, kTime, "mount, listenurl, server_type", "When the source of a mount began.",
     [](const Picture& picture, Writer& out) {
       for (const Picture::Stream& stream : picture.streams)
         if (stream.mount != kOthers && stream.running)
           out.sample({{"mount", stream.mount}, {"listenurl", stream.listenurl}, {"server_type", stream.type}},
                      stream.started);
     }},
    {"icecast_source_bytes_per_second", kGauge, kBytesPerSecond, "mount", "The bitrate of a mount's source, as measured.",
     each_named_mount<&Picture::Stream::bytes_per_second>},
    {"icecast_bytes_read_total", kCounter, kBytes, "mount", "Received from the sources of a mount.",
     each_mount<&Picture::Stream::bytes_read>},
    {"icecast_bytes_sent_total", kCounter, kBytes, "mount", "Sent to the listeners of a mount.",
     each_mount<&Picture::Stream::bytes_sent>},

    {"icecast_relays", kGauge, kNone, "state",
     "Relays: idle (no listeners), connecting, running, waiting (after a failure).",
     [](const Picture& picture, Writer& out) {
       for (const std::string_view state : kRelayStates)
         out.sample({{"state", state}},
                    std::count_if(picture.relays.begin(), picture.relays.end(),
                                  [state](const Picture::Relay& relay) { return relay.state == state; }));
     }},
    {"icecast_relay_up", kGauge, kNone, "mount", "1: the relay's stream flows. Of the first 1000 relays.",
     [](const Picture& picture, Writer& out) {
       for (std::size_t i = 0; i < picture.relays.size() && i < kMaxStreams; ++i)
         out.sample({{"mount", picture.relays[i].mount}}, picture.relays[i].flows ? 1 : 0);
     }},
    {"lb_relay_switches_total", kCounter, kNone, "how",
     "Relays that went on with another connection: exact, content or unit.",
     [](const Picture& picture, Writer& out) {
       for (const Picture::Counted& row : picture.relay_switches) out.sample({{"how", row.kind}}, row.times);
     }},
    {"lb_relay_gap_seconds", kGauge, kSeconds, "mount",
     "The pause when the relay of a mount switched last.",
     [](const Picture& picture, Writer& out) {
       for (std::size_t i = 0; i < picture.relays.size() && i < kMaxStreams; ++i)
         if (const auto gap = picture.relays[i].gap) out.sample({{"mount", picture.relays[i].mount}}, *gap);
     }},
    {"lb_relay_standbys", kGauge, kNone, "", "Relays with standby hot whose other upstream flows.",
     [](const Picture& picture, Writer& out) {
       out.sample(std::count_if(picture.relays.begin(), picture.relays.end(),
                                [](const Picture::Relay& relay) { return relay.has_standby; }));
     }},

    {"icecast_logins_total", kCounter, kNone, "result",
     "Logins of users: right, wrong, slowed, busy.",
     [](const Picture& picture, Writer& out) {
       if (!picture.logins) return;
       for (const Picture::Counted& row : picture.logins->results) out.sample({{"result", row.kind}}, row.times);
     }},
    {"icecast_sessions", kGauge, kNone, "", "Sessions of users that live.",
     [](const Picture& picture, Writer& out) {
       if (picture.logins) out.sample(picture.logins->sessions);
     }},
    {"icecast_auth_backend_requests_total", kCounter, kNone, "result",
     "Requests to authentication backends: answered, or failed.",
     [](const Picture& picture, Writer& out) {
       out.sample({{"result", "answered"}}, picture.auth_answered);
       out.sample({{"result", "failed"}}, picture.auth_failed);
     }},
    {"icecast_auth_backend_requests_in_flight", kGauge, kNone, "", "Sent, and not answered yet.",
     whole<&Picture::auth_in_flight>},
    {"icecast_auth_backend_requests_waiting", kGauge, kNone, "", "Not sent yet.",
     whole<&Picture::auth_waiting>},
    {"icecast_auth_events_unsent", kGauge, kNone, "",
     "Events that backends have not heard of.",
     whole<&Picture::auth_unsent>},

    {"icecast_loop_lag_seconds", kGauge, kSeconds, "loop",
     "The worst delay of a loop in the last 10 to 20 seconds.",
     each_loop<&Picture::Loop::late_seconds>},
    {"icecast_loop_silence_seconds", kGauge, kSeconds, "loop", "Since a loop has turned last; above one second it hangs.",
     each_loop<&Picture::Loop::silent_seconds>},
    {"icecast_loop_cpu_seconds_total", kCounter, kSeconds, "loop", "Processor time of a loop's thread.",
     each_loop<&Picture::Loop::worked_seconds>},
    {"icecast_loop_tasks_total", kCounter, kNone, "loop", "Tasks that other threads gave to a loop.",
     each_loop<&Picture::Loop::tasks>},

    {"icecast_tls_certificate_expiry_timestamp_seconds", kGauge, kTime, "file, names", "When a certificate expires.",
     [](const Picture& picture, Writer& out) {
       for (const Picture::Certificate& row : picture.certificates)
         out.sample({{"file", row.file}, {"names", row.names}}, row.expires);
     }},
    {"icecast_acme_orders_total", kCounter, kNone, "directory, result", "Attempts to get a certificate: ok, or why it failed.",
     [](const Picture& picture, Writer& out) {
       for (const Picture::CertificateEnd& row : picture.certificate_ends)
         out.sample({{"directory", row.directory}, {"result", row.result}}, row.times);
     }},
    {"icecast_acme_failures", kGauge, kNone, "names", "Attempts in a row in which no certificate was got.",
     [](const Picture& picture, Writer& out) {
       for (const Picture::CertificateOrder& row : picture.certificate_orders)
         out.sample({{"names", row.names}}, row.failures);
     }},
    {"icecast_acme_next_attempt_timestamp_seconds", kGauge, kTime, "names", "When a certificate is ordered or renewed.",
     [](const Picture& picture, Writer& out) {
       for (const Picture::CertificateOrder& row : picture.certificate_orders)
         out.sample({{"names", row.names}}, row.next_attempt);
     }},
    {"icecast_acme_renewal_timestamp_seconds", kGauge, kTime, "names", "When the certificate in use is to be renewed.",
     [](const Picture& picture, Writer& out) {
       for (const Picture::CertificateOrder& row : picture.certificate_orders)
         if (row.renewal) out.sample({{"names", row.names}}, *row.renewal);
     }},
    {"icecast_acme_challenges_answered_total", kCounter, kNone, "type, known",
     "Questions of authorities: known=\"no\" had no answer here.",
     [](const Picture& picture, Writer& out) {
       for (const Picture::ChallengeCount& row : picture.challenges)
         out.sample({{"type", row.type}, {"known", row.known ? "yes" : "no"}}, row.times);
     }},
    {"icecast_log_lines_lost_total", kCounter, kNone, "", "Lines of the logs that could not be written.",
     whole<&Picture::log_lines_lost>},
    {"icecast_config_reloads_total", kCounter, kNone, "result", "Reloads of the configuration: applied, or refused.",
     [](const Picture& picture, Writer& out) {
       out.sample({{"result", "applied"}}, picture.reloads);
       out.sample({{"result", "refused"}}, picture.failed_reloads);
     }},
    {"icecast_api_requests_total", kCounter, kNone, "status", "Answers of the API.",
     [](const Picture& picture, Writer& out) {
       for (const auto& [status, times] : picture.api_requests)
         out.sample({{"status", std::to_string(status)}}, times);
     }},
    {"icecast_store_up", kGauge, kNone, "", "Whether the store takes changes.",
     of_store<&Picture::Store::up>},
    {"icecast_store_revision", kGauge, kNone, "", "Rises with each change of a record.",
     of_store<&Picture::Store::revision>},
    {"icecast_store_commit_seconds", kGauge, kSeconds, "",
     "How long the last change took to be durable.",
     of_store<&Picture::Store::commit_seconds>},
    {"icecast_store_stale_seconds", kGauge, kSeconds, "",
     "How long the store has taken no changes; 0 while it is up.",
     of_store<&Picture::Store::stale_seconds>},
    {"icecast_store_mounts", kGauge, kNone, "", "Mounts in the store.",
     of_store<&Picture::Store::mounts>},
    {"icecast_store_accounts", kGauge, kNone, "", "Accounts in the store.",
     of_store<&Picture::Store::accounts>},
    {"lb_ingest_owned", kGauge, kNone, "", "Relays with ingest once that this node captures.",
     whole<&Picture::ingest_owned>},
    {"lb_exec_restarts_total", kCounter, kNone, "", "Programs of relays that were started again.",
     whole<&Picture::exec_restarts>},
    {"icecast_slots", kGauge, kNone, "mount, kind",
     "Slots of mounts with max-listeners-cluster: used, idle, given to nodes, held for lost nodes; limit, where the stream begins.",
     [](const Picture& picture, Writer& out) {
       for (std::size_t i = 0; i < picture.slots.size() && i < kMaxStreams; ++i) {
         const Picture::Slots& row = picture.slots[i];
         if (row.limit >= 0) out.sample({{"mount", row.mount}, {"kind", "limit"}}, row.limit);
         out.sample({{"mount", row.mount}, {"kind", "used"}}, row.used);
         out.sample({{"mount", row.mount}, {"kind", "idle"}}, row.idle);
         out.sample({{"mount", row.mount}, {"kind", "given"}}, row.given);
         out.sample({{"mount", row.mount}, {"kind", "held"}}, row.held);
       }
     }},
    {"icecast_slot_waits_total", kCounter, kNone, "", "Listeners that waited for a slot.",
     whole<&Picture::slot_waits>},
    {"icecast_conf_lag_seconds", kGauge, kSeconds, "node",
     "How long a linked node has not enforced something of the store.",
     [](const Picture& picture, Writer& out) {
       for (const Picture::ConfLag& row : picture.conf_lags)
         out.sample({{"node", row.node}}, row.seconds);
     }},
    {"icecast_event_readers", kGauge, kNone, "", "Programs that follow /admin/events.",
     whole<&Picture::event_readers>},
    {"icecast_webhook_events_total", kCounter, kNone, "", "Events that the addresses of <webhook> took.",
     whole<&Picture::webhook_sent>},
    {"icecast_webhook_events_given_up_total", kCounter, kNone, "",
     "Events that they did not take in four tries.",
     whole<&Picture::webhook_given_up>},

    {"lb_archive_bytes", kGauge, kBytes, "", "What all mounts have in the archive.",
     of_archive<&Picture::Archive::bytes>},
    {"lb_archive_oldest_seconds", kGauge, kSeconds, "", "The age of its oldest file.",
     of_archive<&Picture::Archive::oldest>},
    {"lb_archive_write_lag_seconds", kGauge, kSeconds, "",
     "How far the slowest recording is behind its stream.",
     of_archive<&Picture::Archive::write_lag>},
    {"lb_archive_skipped_bytes_total", kCounter, kBytes, "",
     "What was not recorded because the disk was slow.",
     of_archive<&Picture::Archive::skipped_bytes>},
    {"lb_archive_full", kGauge, kNone, "",
     "Paused recordings: the disk is full or fails.",
     of_archive<&Picture::Archive::full>},
    {"lb_archive_reads_total", kCounter, kNone, "from",
     "Parts of recorded files: from memory (warm), read first (disk), of another node (remote).",
     [](const Picture& picture, Writer& out) {
       if (!picture.archive) return;
       out.sample({{"from", "warm"}}, picture.archive->warm_reads);
       out.sample({{"from", "disk"}}, picture.archive->disk_reads);
       out.sample({{"from", "remote"}}, picture.archive->remote_reads);
     }},
    {"lb_archive_fetched_bytes_total", kCounter, kBytes, "",
     "What other nodes have given of their recordings.",
     of_archive<&Picture::Archive::fetched_bytes>},
    {"lb_archive_filled_bytes_total", kCounter, kBytes, "",
     "What this node had missed, and has from other nodes.",
     of_archive<&Picture::Archive::filled_bytes>},
    {"lb_shifted_listeners", kGauge, kNone, "", "Listeners that hear the past.",
     of_archive<&Picture::Archive::shifted>},
    {"icecast_audience_unsent_rows", kGauge, kNone, "",
     "Rows of the audience that wait for the database, here or at a master.",
     of_audience<&Picture::Audience::unsent_rows>},
    {"icecast_audience_merged_total", kCounter, kNone, "",
     "Rows that this server has put into its database, of other servers too.",
     of_audience<&Picture::Audience::merged>},
    {"icecast_audience_bytes", kGauge, kBytes, "", "Size of the database of the audience.",
     of_audience<&Picture::Audience::bytes>},
    {"icecast_quota_used_ratio", kGauge, kRatio, "account, what",
     "What an account has used this month of its quota of hours or transfer.",
     [](const Picture& picture, Writer& out) {
       for (std::size_t i = 0; i < picture.quotas.size() && i < kMaxStreams; ++i)
         out.sample({{"account", picture.quotas[i].account}, {"what", picture.quotas[i].what}},
                    picture.quotas[i].ratio);
     }},
    {"icecast_external_age_seconds", kGauge, kSeconds, "",
     "Since the last good answer of config-external's backend, or the start.",
     of_external<&Picture::External::age>},
    {"icecast_external_mounts", kGauge, kNone, "", "Mounts of it that are in force.",
     of_external<&Picture::External::mounts>},
    {"icecast_external_bad_mounts", kGauge, kNone, "",
     "Mounts of its last list with faults.",
     of_external<&Picture::External::bad_mounts>},
    {"icecast_external_failures_total", kCounter, kNone, "",
     "Questions that it has not answered well.",
     of_external<&Picture::External::failures>},
});

// The mounts behind the first ones become one.
void sum_up(std::vector<Picture::Stream>& streams) {
  if (streams.size() <= kMaxStreams) return;
  Picture::Stream others;
  others.mount = kOthers;
  for (std::size_t i = kMaxStreams; i < streams.size(); ++i) {
    const Picture::Stream& from = streams[i];
    others.listeners += from.listeners;
    others.relays += from.relays;
    others.bytes_read += from.bytes_read;
    others.bytes_sent += from.bytes_sent;
    others.slow_listeners += from.slow_listeners;
    others.listener_connections += from.listener_connections;
  }
  streams.resize(kMaxStreams);
  streams.push_back(std::move(others));
}

std::string_view type_text(MetricType type) { return type == kCounter ? "counter" : "gauge"; }

std::string_view unit_text(MetricUnit unit) {
  switch (unit) {
    case kNone:
      return "";
    case kSeconds:
      return "seconds";
    case kBytes:
      return "bytes";
    case kBytesPerSecond:
      return "bytes a second";
    case kRatio:
      return "parts of 1";
    case kTime:
      return "Unix time";
  }
  return "";
}

std::string without_spaces(std::string_view labels) {
  std::string out(labels);
  std::erase(out, ' ');
  return out;
}

// By its name alone.
bool says_unit(const MetricRow& row) {
  if (row.unit == kNone) return true;
  if (row.unit == kTime) return false;
  std::string_view name = row.name;
  if (name.ends_with("_total")) name.remove_suffix(6);
  return name.ends_with("_seconds") || name.ends_with("_bytes") || name.ends_with("_per_second") ||
         name.ends_with("_ratio");
}

}  // namespace

std::string metrics_text(MetricsPicture picture,
                         const std::function<bool(std::string_view)>& owns) {
  if (owns) {
    const auto foreign = [&owns](const auto& row) { return !owns(row.mount); };
    std::erase_if(picture.streams, foreign);
    std::erase_if(picture.relays, foreign);
    std::erase_if(picture.slots, foreign);
  }
  sum_up(picture.streams);
  MetricWriter out;
  for (const MetricRow& row : kRows) {
    if (owns && !row.labels.starts_with("mount")) continue;
    out.begin(row.name, type_text(row.type), row.help);
    row.read(picture, out);
  }
  return out.take();
}

std::string metrics_reference() {
  std::string page =
      "# The numbers of /metrics\n\n"
      "Printed by `icecast-lb --dump-reference metrics`. Who may read /metrics: `<metrics>` in "
      "[config.md](config.md);\nhow to scrape and watch it: "
      "[orchestration.md](orchestration.md).\n\n"
      "Names in `_total` are counters, the others gauges. Counters of a mount begin at 0 with "
      "every "
      "new life of the mount.\nThe first 1000 mounts by name have samples of their own; the rest "
      "is summed under `mount=\"others\"`.\n\n";
  for (const MetricRow& row : kRows) {
    page.append("- `").append(row.name).append("`");
    if (!row.labels.empty()) page.append("{").append(without_spaces(row.labels)).append("}");
    page.append(": ").append(row.help);
    if (!says_unit(row)) {
      page.back() = ',';
      page.append(" in ").append(unit_text(row.unit)) += '.';
    }
    page += "\n";
  }
  return page;
}

}  // namespace lb
