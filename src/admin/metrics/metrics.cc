#include "admin/metrics/metrics.h"

#include <algorithm>
#include <array>
#include <utility>

#include "admin/metrics/metric_writer.h"

namespace lb {
namespace {

constexpr std::string_view kOthers = "others";
constexpr std::array<std::string_view, 4> kRelayStates = {"idle", "connecting", "running",
                                                          "waiting"};

using Picture = MetricsPicture;
using Writer = MetricWriter;

struct MetricRow {
  std::string_view name;    // a counter's name ends in _total
  std::string_view labels;  // their names, "a,b"
  std::string_view help;
  void (*read)(const Picture& picture, Writer& out) = nullptr;
  std::string_view unit;  // for the reference, if the name does not contain it
};
constexpr MetricRow metric(std::string_view name, std::string_view labels, std::string_view help,
                           void (*read)(const Picture&, Writer&), std::string_view unit = {}) {
  return {name, labels, help, read, unit};
}

// A single number of the server.
template <auto Member>
void whole(const Picture& picture, Writer& out) {
  out.sample(picture.*Member);
}
// A number of a part that the server may not have.
template <auto Part, auto Member>
void part(const Picture& picture, Writer& out) {
  if (const auto& part = picture.*Part) out.sample((*part).*Member);
}
// 0 means unknown (no readable /proc), so the sample is left out.
template <auto Member>
void of_process(const Picture& picture, Writer& out) {
  if (picture.process.*Member > 0) out.sample(picture.process.*Member);
}
// A sample for each row, with these members as its labels.
template <auto Rows, auto Member, auto... Labels>
void each(const Picture& picture, Writer& out) {
  for (const auto& row : picture.*Rows) out.sample({row.*Labels...}, row.*Member);
}
template <auto Member>
constexpr auto each_loop = each<&Picture::loops, Member, &Picture::Loop::name>;
template <auto Member>
constexpr auto each_mount = each<&Picture::streams, Member, &Picture::Stream::mount>;
template <auto Rows>
constexpr auto each_kind = each<Rows, &Picture::Counted::times, &Picture::Counted::kind>;
// Values that cannot be summed are left out for the row that stands for the remaining mounts.
template <auto Member>
void each_named_mount(const Picture& picture, Writer& out) {
  for (const Picture::Stream& stream : picture.streams)
    if (stream.mount != kOthers) out.sample({stream.mount}, stream.*Member);
}
// Only the first kMaxStreams relays get samples, which bounds the size of the answer.
template <auto Member>
void each_relay(const Picture& picture, Writer& out) {
  for (std::size_t i = 0; i < picture.relays.size() && i < kMaxStreams; ++i)
    out.sample({picture.relays[i].mount}, picture.relays[i].*Member);
}

void sample_limit(std::int64_t value, Writer& out) {
  if (value > 0) out.sample(value);
}

constexpr auto kRows = std::to_array<MetricRow>({
    metric("process_cpu_seconds_total", "", "Processor time of all threads.",
           of_process<&Picture::Process::cpu_seconds>),
    metric("process_resident_memory_bytes", "", "Memory in use.",
           of_process<&Picture::Process::resident_bytes>),
    metric("process_virtual_memory_bytes", "", "Address space.",
           of_process<&Picture::Process::virtual_bytes>),
    metric("process_open_fds", "", "Open file descriptors; every connection is one.",
           of_process<&Picture::Process::open_fds>),
    metric("process_max_fds", "", "The limit of open file descriptors.",
           of_process<&Picture::Process::most_fds>),
    metric("process_start_time_seconds", "", "When the process started.",
           of_process<&Picture::Process::started>, "Unix time"),

    metric("icecast_up", "", "Always 1: the server answers.",
           [](const Picture&, Writer& out) { out.sample(1); }),
    metric("icecast_build_info", "version", "Always 1; the version is in the label.",
           [](const Picture& picture, Writer& out) { out.sample({picture.version}, 1); }),
    metric(
        "icecast_server_start", "", "When the server started.",
        [](const Picture& picture, Writer& out) { out.sample(picture.process.started); },
        "Unix time"),
    metric("icecast_node_state", "state", "1 for the state that the node is in, 0 for the others.",
           [](const Picture& picture, Writer& out) {
             using enum NodeCondition;
             for (const NodeCondition one : {kStarting, kUp, kFull, kDraining})
               out.sample({to_text(one)}, one == picture.condition ? 1 : 0);
           }),
    metric("icecast_capacity_used_ratio", "",
           "The share of the node's clients, listeners or bandwidth in use, whichever is largest.",
           whole<&Picture::use>),
    metric("icecast_clients", "", "Listeners, sources and requests that are being answered.",
           whole<&Picture::clients>),
    metric("icecast_clients_limit", "", "The limit of clients.", whole<&Picture::clients_limit>),
    metric("icecast_sources", "", "Connected sources.", whole<&Picture::sources>),
    metric("icecast_sources_limit", "", "The limit of sources.", whole<&Picture::sources_limit>),
    metric("icecast_server_listeners", "", "Listeners of all mounts, without servers that relay.",
           whole<&Picture::listeners>),
    metric("icecast_server_listening_relays", "", "Servers that relay a mount from here.",
           whole<&Picture::listening_relays>),
    metric("icecast_cluster_listeners", "where",
           "Listeners at the nodes of this server (nodes), and at nodes behind them (below).",
           [](const Picture& picture, Writer& out) {
             if (!picture.elsewhere) return;
             out.sample({"nodes"}, picture.elsewhere->nodes);
             out.sample({"below"}, picture.elsewhere->below);
           }),
    metric("icecast_server_listeners_limit", "", "The limit of listeners; absent without a limit.",
           [](const Picture& picture, Writer& out) { sample_limit(picture.listeners_limit, out); }),
    metric("icecast_audience_bytes_per_second", "",
           "The rate at which all listeners together should receive data.",
           whole<&Picture::audience_bytes_per_second>),

    metric("icecast_connections_total", "", "Accepted connections.", whole<&Picture::connections>),
    metric("icecast_client_requests_total", "", "GET requests.", whole<&Picture::requests>),
    metric("icecast_file_requests_total", "", "Requests for files.", whole<&Picture::files>),
    metric("icecast_server_listener_connections_total", "", "Listeners that got a stream.",
           whole<&Picture::listener_connections>),
    metric("icecast_source_connections_total", "", "Sources that were admitted, relays included.",
           whole<&Picture::source_connections>),
    metric("lb_source_takeovers_total", "", "Changes of a mount to a standby encoder.",
           whole<&Picture::takeovers>),
    metric("icecast_server_bytes_read_total", "", "Received from all sources.",
           whole<&Picture::bytes_read>, "bytes"),
    metric("icecast_server_bytes_sent_total", "", "Sent to all listeners.",
           whole<&Picture::bytes_sent>, "bytes"),
    metric("icecast_slow_listeners_dropped_total", "",
           "Listeners that fell too far behind and were closed.", whole<&Picture::lagged>),
    metric("icecast_refusals_total", "reason", "Refused clients, by reason.",
           each_kind<&Picture::refusals>),
    metric("lb_hls_sessions", "", "Listeners by HLS; they are in the other counts too.",
           whole<&Picture::hls_sessions>),
    metric("lb_hls_requests_total", "kind", "Requests for HLS: master, list, segment.",
           each_kind<&Picture::hls_requests>),

    metric("icecast_listeners", "mount,listenurl,server_type",
           "Listeners of a mount, without servers that relay it.",
           each<&Picture::streams, &Picture::Stream::listeners, &Picture::Stream::mount,
                &Picture::Stream::listenurl, &Picture::Stream::type>),
    metric("icecast_listening_relays", "mount", "Servers that relay a mount from here.",
           each_mount<&Picture::Stream::relays>),
    metric("icecast_listener_peak", "mount", "The most listeners that a mount has had at once.",
           each_named_mount<&Picture::Stream::listener_peak>),
    metric("icecast_listener_connections_total", "mount", "Listeners that began to hear a mount.",
           each_mount<&Picture::Stream::listener_connections>),
    metric("icecast_slow_listeners_total", "mount",
           "Listeners of a mount that fell too far behind.",
           each_mount<&Picture::Stream::slow_listeners>),
    metric("icecast_source_up", "mount",
           "1: a source or relay feeds the mount; 0: it waits for one.",
           each_named_mount<&Picture::Stream::running>),
    metric(
        "icecast_stream_start", "mount,listenurl,server_type", "When the source of a mount began.",
        [](const Picture& picture, Writer& out) {
          for (const Picture::Stream& stream : picture.streams)
            if (stream.mount != kOthers && stream.running)
              out.sample({stream.mount, stream.listenurl, stream.type}, stream.started);
        },
        "Unix time"),
    metric("icecast_source_bytes_per_second", "mount",
           "The bitrate of a mount's source, as measured.",
           each_named_mount<&Picture::Stream::bytes_per_second>),
    metric("icecast_bytes_read_total", "mount", "Received from the sources of a mount.",
           each_mount<&Picture::Stream::bytes_read>, "bytes"),
    metric("icecast_bytes_sent_total", "mount", "Sent to the listeners of a mount.",
           each_mount<&Picture::Stream::bytes_sent>, "bytes"),

    metric("icecast_relays", "state",
           "Relays: idle (no listeners), connecting, running, waiting (after a failure).",
           [](const Picture& picture, Writer& out) {
             for (const std::string_view state : kRelayStates)
               out.sample({state}, std::count_if(picture.relays.begin(), picture.relays.end(),
                                                 [state](const Picture::Relay& relay) {
                                                   return relay.state == state;
                                                 }));
           }),
    metric("icecast_relay_up", "mount", "1: the relay's stream flows. Of the first 1000 relays.",
           each_relay<&Picture::Relay::flows>),
    metric("lb_relay_switches_total", "how",
           "Relays that went on with another connection: exact, content or unit.",
           each_kind<&Picture::relay_switches>),
    metric("lb_relay_gap_seconds", "mount", "The pause when the relay of a mount switched last.",
           each_relay<&Picture::Relay::gap>),
    metric("lb_relay_standbys", "", "Relays with standby hot whose other upstream flows.",
           [](const Picture& picture, Writer& out) {
             out.sample(
                 std::count_if(picture.relays.begin(), picture.relays.end(),
                               [](const Picture::Relay& relay) { return relay.has_standby; }));
           }),

    metric("icecast_logins_total", "result", "Logins of users: right, wrong, slowed, busy.",
           [](const Picture& picture, Writer& out) {
             if (!picture.logins) return;
             for (const Picture::Counted& row : picture.logins->results)
               out.sample({row.kind}, row.times);
           }),
    metric("icecast_sessions", "", "Sessions of users that are valid.",
           part<&Picture::logins, &Picture::Logins::sessions>),
    metric("icecast_auth_backend_requests_total", "purpose,result",
           "Requests to authentication backends (login; event: listener_remove, mount_add, "
           "mount_remove), webhooks (webhook), certificate authorities (certificate), for pictures "
           "(picture), others (other): answered, or failed.",
           [](const Picture& picture, Writer& out) {
             for (const Picture::BackendRequests& row : picture.backend_requests) {
               out.sample({row.purpose, "answered"}, row.answered);
               out.sample({row.purpose, "failed"}, row.failed);
             }
           }),
    metric("icecast_auth_backend_requests_in_flight", "",
           "Requests to backends, webhooks and certificate authorities without an answer yet.",
           whole<&Picture::auth_in_flight>),
    metric("icecast_auth_backend_requests_waiting", "",
           "Requests to backends, webhooks and certificate authorities that wait to be sent.",
           whole<&Picture::auth_waiting>),
    metric("icecast_auth_events_unsent", "",
           "Events that authentication backends have not received yet.",
           whole<&Picture::auth_unsent>),

    metric("icecast_loop_lag_seconds", "loop",
           "The worst delay of a loop in the last 10 to 20 seconds.",
           each_loop<&Picture::Loop::late_seconds>),
    metric("icecast_loop_silence_seconds", "loop",
           "Time since a loop last ran; above one second it hangs.",
           each_loop<&Picture::Loop::silent_seconds>),
    metric("icecast_loop_cpu_seconds_total", "loop", "Processor time of a loop's thread.",
           each_loop<&Picture::Loop::worked_seconds>),
    metric("icecast_loop_tasks_total", "loop", "Tasks that other threads gave to a loop.",
           each_loop<&Picture::Loop::tasks>),

    metric("icecast_tls_certificate_expiry_timestamp_seconds", "file,names",
           "When a certificate expires.",
           each<&Picture::certificates, &Picture::Certificate::expires, &Picture::Certificate::file,
                &Picture::Certificate::names>,
           "Unix time"),
    metric("icecast_acme_orders_total", "directory,result",
           "Attempts to get a certificate, by result: ok, or the reason of the failure.",
           each<&Picture::certificate_ends, &Picture::CertificateEnd::times,
                &Picture::CertificateEnd::directory, &Picture::CertificateEnd::result>),
    metric("icecast_acme_failures", "names", "Attempts in a row that got no certificate.",
           each<&Picture::certificate_orders, &Picture::CertificateOrder::failures,
                &Picture::CertificateOrder::names>),
    metric("icecast_acme_next_attempt_timestamp_seconds", "names",
           "When a certificate is ordered or renewed.",
           each<&Picture::certificate_orders, &Picture::CertificateOrder::next_attempt,
                &Picture::CertificateOrder::names>,
           "Unix time"),
    metric("icecast_acme_renewal_timestamp_seconds", "names",
           "When the certificate in use is to be renewed.",
           each<&Picture::certificate_orders, &Picture::CertificateOrder::renewal,
                &Picture::CertificateOrder::names>,
           "Unix time"),
    metric("icecast_acme_challenges_answered_total", "type,known",
           "Requests of authorities for a challenge; known=\"no\": without an answer here.",
           [](const Picture& picture, Writer& out) {
             for (const Picture::ChallengeCount& row : picture.challenges)
               out.sample({row.type, row.known ? "yes" : "no"}, row.times);
           }),
    metric("icecast_log_lines_lost_total", "", "Lines of the logs that could not be written.",
           whole<&Picture::log_lines_lost>),
    metric("icecast_config_reloads_total", "result",
           "Reloads of the configuration: applied, or refused.",
           [](const Picture& picture, Writer& out) {
             out.sample({"applied"}, picture.reloads);
             out.sample({"refused"}, picture.failed_reloads);
           }),
    metric("lb_old_processes", "",
           "Processes from before an upgrade that still carry TLS connections.",
           whole<&Picture::pumps>),
    metric("lb_old_connections", "", "The TLS connections that they carry.",
           whole<&Picture::pumped>),
    metric("lb_old_processes_age_seconds", "", "The time since the oldest one was replaced.",
           whole<&Picture::oldest_pump>),
    metric("icecast_api_requests_total", "status", "Answers of the API.",
           [](const Picture& picture, Writer& out) {
             for (const auto& [status, times] : picture.api_requests)
               out.sample({std::to_string(status)}, times);
           }),
    metric("icecast_store_up", "", "1: the store takes changes; 0: it does not.",
           part<&Picture::store, &Picture::Store::up>),
    metric("icecast_store_revision", "", "Rises with each change of a record.",
           part<&Picture::store, &Picture::Store::revision>),
    metric("icecast_store_commit_seconds", "", "Time until the last change was durable.",
           part<&Picture::store, &Picture::Store::commit_seconds>),
    metric("icecast_store_stale_seconds", "",
           "How long the store has taken no changes; 0 while it is up.",
           part<&Picture::store, &Picture::Store::stale_seconds>),
    metric("icecast_store_mounts", "", "Mounts in the store.",
           part<&Picture::store, &Picture::Store::mounts>),
    metric("icecast_store_accounts", "", "Accounts in the store.",
           part<&Picture::store, &Picture::Store::accounts>),
    metric("lb_ingest_owned", "", "Relays with ingest once that this node captures.",
           whole<&Picture::ingest_owned>),
    metric("lb_exec_restarts_total", "", "Programs of relays that were started again.",
           whole<&Picture::exec_restarts>),
    metric(
        "icecast_slots", "mount,kind",
        "Slots of mounts with max-listeners-cluster: used, idle, given (to nodes), held (for lost "
        "nodes); limit: only where the stream begins.",
        [](const Picture& picture, Writer& out) {
          for (const Picture::Slots& row : picture.slots) {
            if (row.limit >= 0) out.sample({row.mount, "limit"}, row.limit);
            out.sample({row.mount, "used"}, row.used);
            out.sample({row.mount, "idle"}, row.idle);
            out.sample({row.mount, "given"}, row.given);
            out.sample({row.mount, "held"}, row.held);
          }
        }),
    metric("icecast_slot_waits_total", "", "Listeners that waited for a slot.",
           whole<&Picture::slot_waits>),
    metric("icecast_conf_lag_seconds", "node",
           "Age of the oldest change of the store that a linked node has not enforced.",
           each<&Picture::conf_lags, &Picture::ConfLag::seconds, &Picture::ConfLag::node>),
    metric("icecast_event_readers", "", "Programs that follow /admin/events.",
           whole<&Picture::event_readers>),
    metric("icecast_webhook_events_total", "",
           "Events that the addresses of <webhook> have accepted.", whole<&Picture::webhook_sent>),
    metric("icecast_webhook_events_given_up_total", "",
           "Events that an address of <webhook> did not accept in four attempts.",
           whole<&Picture::webhook_given_up>),

    metric("lb_archive_bytes", "", "Size of all recordings.",
           part<&Picture::archive, &Picture::Archive::bytes>),
    metric("lb_archive_oldest_seconds", "", "Age of the oldest recorded file.",
           part<&Picture::archive, &Picture::Archive::oldest>),
    metric("lb_archive_write_lag_seconds", "",
           "How far the slowest recording is behind its stream.",
           part<&Picture::archive, &Picture::Archive::write_lag>),
    metric("lb_archive_skipped_bytes_total", "",
           "Bytes that were not recorded because the disk was slow.",
           part<&Picture::archive, &Picture::Archive::skipped_bytes>),
    metric("lb_archive_full", "", "Paused recordings: the disk is full or fails.",
           part<&Picture::archive, &Picture::Archive::full>),
    metric(
        "lb_archive_reads_total", "from",
        "Parts of recorded files: from memory (warm), read first (disk), of another node (remote).",
        [](const Picture& picture, Writer& out) {
          if (!picture.archive) return;
          out.sample({"warm"}, picture.archive->warm_reads);
          out.sample({"disk"}, picture.archive->disk_reads);
          out.sample({"remote"}, picture.archive->remote_reads);
        }),
    metric("lb_archive_fetched_bytes_total", "", "Bytes of recordings that other nodes have sent.",
           part<&Picture::archive, &Picture::Archive::fetched_bytes>),
    metric("lb_archive_filled_bytes_total", "",
           "Bytes of gaps in recordings that were filled from other nodes.",
           part<&Picture::archive, &Picture::Archive::filled_bytes>),
    metric("lb_shifted_listeners", "", "Listeners that hear the past.",
           part<&Picture::archive, &Picture::Archive::shifted>),
    metric("icecast_audience_unsent_rows", "",
           "Rows of the audience that wait for the database, here or at a master.",
           part<&Picture::audience, &Picture::Audience::unsent_rows>),
    metric("icecast_audience_merged_total", "",
           "Rows that this server has put into its database, those of other servers included.",
           part<&Picture::audience, &Picture::Audience::merged>),
    metric("icecast_audience_bytes", "", "Size of the database of the audience.",
           part<&Picture::audience, &Picture::Audience::bytes>),
    metric("icecast_quota_used_ratio", "account,what",
           "The share of its monthly quota of hours or transfer that an account has used.",
           each<&Picture::quotas, &Picture::MonthUse::ratio, &Picture::MonthUse::of,
                &Picture::MonthUse::what>),
    metric("icecast_mount_month_used_ratio", "mount,what",
           "The share of its monthly limit of hours or transfer that a mount has used.",
           each<&Picture::months, &Picture::MonthUse::ratio, &Picture::MonthUse::of,
                &Picture::MonthUse::what>),
    metric("icecast_external_age_seconds", "",
           "Time since the last good answer of config-external's backend, or since the start.",
           part<&Picture::external, &Picture::External::age>),
    metric("icecast_external_mounts", "", "Mounts of config-external that are in force.",
           part<&Picture::external, &Picture::External::mounts>),
    metric("icecast_external_bad_mounts", "",
           "Mounts with faults in the last list of config-external.",
           part<&Picture::external, &Picture::External::bad_mounts>),
    metric("icecast_external_failures_total", "",
           "Requests that config-external's backend did not answer correctly.",
           part<&Picture::external, &Picture::External::failures>),
});

template <class Row>
void keep_first(std::vector<Row>& rows) {
  if (rows.size() > kMaxStreams) rows.resize(kMaxStreams);
}

// Adds up the mounts after the first kMaxStreams in one row.
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

}  // namespace

std::string metrics_text(MetricsPicture picture,
                         const std::function<bool(std::string_view)>& owns) {
  if (owns) {
    const auto foreign = [&owns](const auto& row) { return !owns(row.mount); };
    std::erase_if(picture.streams, foreign);
    std::erase_if(picture.relays, foreign);
    std::erase_if(picture.slots, foreign);
    std::erase_if(picture.months, [&owns](const auto& row) { return !owns(row.of); });
  }
  sum_up(picture.streams);
  keep_first(picture.slots);
  keep_first(picture.quotas);
  keep_first(picture.months);
  MetricWriter out;
  for (const MetricRow& row : kRows) {
    if (owns && !row.labels.starts_with("mount")) continue;
    out.begin(row.name, row.name.ends_with("_total") ? "counter" : "gauge", row.help, row.labels);
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
    if (!row.labels.empty()) page.append("{").append(row.labels).append("}");
    page.append(": ").append(row.help);
    if (!row.unit.empty()) {
      page.back() = ',';
      page.append(" in ").append(row.unit) += '.';
    }
    page += "\n";
  }
  return page;
}

}  // namespace lb
