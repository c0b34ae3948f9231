// Rows of <relay>, <master> and <redirect>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

// A list of an external configuration may set this row too (config/mounts/record_relay.h).
constexpr SchemaElement from_backend(SchemaElement row) {
  row.set_by = kExternal;
  return row;
}

constexpr SchemaElement relay_server_of(Slot (*where)(void*), SchemaOrigin origin) {
  return element(
      "server", kHost, where, "The server to pull from.",
      {.aliases = "ip", .set_by = kExternal, .origin = origin, .example = "radio.example.org"});
}

constexpr SchemaElement mount_of(Slot (*where)(void*), SchemaOrigin origin) {
  return element("mount", kMount, where, "The mount there.",
                 {.set_by = kExternal, .origin = origin, .example = "/live.mp3"});
}

constexpr SchemaElement bind_of(Slot (*where)(void*), SchemaOrigin origin) {
  return element("bind", kHost, where, "The local address to connect from.",
                 {.origin = origin, .example = "192.0.2.1"});
}

constexpr SchemaElement tls_of(Slot (*where)(void*)) {
  return element("ssl", kBool, where, "1: by https.",
                 {.aliases = "tls", .set_by = kExternal, .origin = kKh, .example = "1"});
}

constexpr SchemaElement uri_of(Slot (*where)(void*)) {
  return element("uri", kText, where, "server, port, ssl and mount in one, as in Icecast 2.5.",
                 {.set_by = kFile,
                  .origin = kIcecast25,
                  .secondary = true,
                  .example = "https://radio.example.org:8443/live.mp3"});
}

constexpr SchemaElement kUpstream[] = {
    relay_server_of(slot<&RelayUpstreamSettings::server>, kKh),
    from_backend(port_of("port", slot<&RelayUpstreamSettings::port>, kKh, "Its port.")),
    mount_of(slot<&RelayUpstreamSettings::mount>, kKh),
    from_backend(bind_of(slot<&RelayUpstreamSettings::bind_address>, kKh)),
    tls_of(slot<&RelayUpstreamSettings::tls>),
    from_backend(seconds_of("timeout", slot<&RelayUpstreamSettings::timeout>, kKh,
                            "Maximum time for connecting.")),
    element("priority", kNumber, slot<&RelayUpstreamSettings::priority>,
            "Smaller is tried first; 0: after all before it.",
            {.set_by = kExternal, .min = -1000, .max = 1000, .origin = kKh, .example = "1"}),
    unsupported("http-headers", kKh, "no extra headers are sent to the other server"),
    unsupported("type", kIcecast25, "all upstreams are normal ones"),
    uri_of(slot<&RelayUpstreamSettings::uri>),
};
static_assert(all_have_set_by(kUpstream));
constinit const SchemaBlock kHostBlock = block_of<RelayUpstreamSettings>(
    "host", "One of several servers of a relay, in the order of the file.", kUpstream,
    {.inline_form = true});

constexpr SchemaChoice kIngestModes[] = {{"each", IngestMode::kEach}, {"once", IngestMode::kOnce}};

constexpr SchemaChoice kStandbys[] = {{"warm", RelayStandby::kWarm}, {"hot", RelayStandby::kHot}};

constexpr SchemaElement kRelay[] = {
    relay_server_of(slot<&RelaySettings::host, &RelayUpstreamSettings::server>, kIcecast24),
    from_backend(port_of("port", slot<&RelaySettings::host, &RelayUpstreamSettings::port>,
                         kIcecast24, "Its port; required.")),
    mount_of(slot<&RelaySettings::host, &RelayUpstreamSettings::mount>, kIcecast24),
    element("local-mount", kMount, slot<&RelaySettings::local_mount>, "The mount here.",
            {.set_by = kFile, .origin = kIcecast24, .standard = "mount", .example = "/live.mp3"}),
    element("relay-shoutcast-metadata", kBool, slot<&RelaySettings::icy_metadata>,
            "1: ask for titles.",
            {.aliases = "relay-icy-metadata",
             .set_by = kExternal,
             .origin = kIcecast24,
             .example = "1"}),
    element("username", kText, slot<&RelaySettings::username>,
            "Login name, if the other server requires one.",
            {.set_by = kExternal, .origin = kIcecast24, .example = "listener"}),
    element("password", kSecret, slot<&RelaySettings::password>, "The password to log in with.",
            {.set_by = kExternal, .origin = kIcecast24}),
    element("on-demand", kBool, slot<&RelaySettings::on_demand>,
            "1: pull only while it has listeners.",
            {.set_by = kExternal,
             .origin = kIcecast24,
             .standard = "relays-on-demand",
             .example = "1"}),
    from_backend(
        bind_of(slot<&RelaySettings::host, &RelayUpstreamSettings::bind_address>, kIcecast24)),
    tls_of(slot<&RelaySettings::host, &RelayUpstreamSettings::tls>),
    from_backend(seconds_of("timeout", slot<&RelaySettings::host, &RelayUpstreamSettings::timeout>,
                            kKh, "Maximum time for connecting.")),
    element("enable", kBool, slot<&RelaySettings::enabled>, "0: the relay is off.",
            {.set_by = kExternal, .origin = kKh, .example = "1"}),
    from_backend(seconds_of("run-on", slot<&RelaySettings::run_on>, kKh,
                            "How long it continues without listeners.")),
    from_backend(seconds_of("retry-delay", slot<&RelaySettings::retry_delay>, kKh,
                            "Time between two attempts.")),
    element("stall", kMilliseconds, slot<&RelaySettings::stall>,
            "After this silence the next upstream is asked.",
            {.set_by = kExternal, .min = 200, .max = 60'000, .example = "1000ms"}),
    element("standby", kChoice, slot<&RelaySettings::standby>,
            "hot: the best other upstream is always read. warm: it is asked when needed.",
            {.set_by = kExternal, .choices = kStandbys}),
    element("private-redirects", kBool, slot<&RelaySettings::private_redirects>,
            "1: redirects may lead to loopback, link-local or private addresses; 0: only to its "
            "server's kind of address.",
            {.set_by = kFile, .example = "1"}),
    element("host", &kHostBlock, each_in<&RelaySettings::hosts>(),
            {.aliases = "master upstream", .set_by = kExternal, .origin = kKh}),
    element("exec", kText, slot<&RelaySettings::exec>,
            "A program whose standard output is the stream, restarted when it ends; words and "
            "quotes, no shell; {port} is this server's.",
            {.set_by = kFile,
             .example = "ffmpeg -nostdin -v warning -i http://127.0.0.1:{port}/x.flac -f adts -"}),
    element("content-type", kText, slot<&RelaySettings::content_type>,
            "The type of the stream that the program writes.",
            {.set_by = kFile, .example = "audio/aac"}),
    element("ingest", kChoice, slot<&RelaySettings::ingest>,
            "once: one linked node pulls the relay, the others the mount from it; each: every "
            "node pulls it.",
            {.set_by = kExternal, .choices = kIngestModes}),
    element("capture-at", kText, slot<&RelaySettings::capture_at>,
            "With ingest once: the preferred node, the same on all; by default names distribute "
            "relays.",
            {.set_by = kExternal, .example = "p1"}),
    element("hand-back", kBool, slot<&RelaySettings::hand_back>,
            "With ingest once, 0: the present node continues when a preferred one returns.",
            {.set_by = kExternal}),
    unsupported("http-headers", kKh, "no extra headers are sent to the other server"),
    uri_of(slot<&RelaySettings::host, &RelayUpstreamSettings::uri>),
};
static_assert(all_have_set_by(kRelay));

constexpr SchemaChoice kOrders[] = {{"auto", MasterOrders::kAuto},
                                    {"none", MasterOrders::kNone},
                                    {"streams", MasterOrders::kStreams},
                                    {"all", MasterOrders::kAll}};

constexpr SchemaChoice kSessions[] = {
    {"auto", MasterSessions::kAuto}, {"0", MasterSessions::kNone}, {"1", MasterSessions::kAll}};

constexpr SchemaElement kMaster[] = {
    element("server", kHost, slot<&MasterSettings::server>, "The master.",
            {.origin = kKh, .example = "m1.example.org"}),
    port_of("port", slot<&MasterSettings::port>, kKh, "Its port."),
    port_of("ssl-port", slot<&MasterSettings::tls_port>, kKh, "Its port for https; 0: no https."),
    port_of("cluster-port", slot<&MasterSettings::cluster_port>, kOwn,
            "Its cluster-port; 0: none, as for a stock Icecast."),
    element("username", kText, slot<&MasterSettings::username>,
            "relay at a stock master, else the id of this node there.",
            {.origin = kKh, .example = "relay"}),
    element("password", kSecret, slot<&MasterSettings::password>,
            "Its relay password, or this node's secret there.", {.origin = kKh}),
    bind_of(slot<&MasterSettings::bind_address>, kKh),
    element("interval", kSeconds, slot<&MasterSettings::interval>,
            "Time between reports, and between requests for the list of streams.",
            {.max = 86'400,
             .unset = 0,
             .origin = kKh,
             .standard = "120; 5 if the master sends listeners here",
             .example = "5"}),
    seconds_of("retry-delay", slot<&MasterSettings::retry_delay>, kKh,
               "Time between two attempts."),
    seconds_of("retry-max", slot<&MasterSettings::retry_max>, kOwn,
               "The longest time between two attempts."),
    seconds_of("run-on", slot<&MasterSettings::run_on>, kKh,
               "How long it continues without listeners."),
    element("relay-auth", kBool, slot<&MasterSettings::relay_auth>,
            "1: relays log in too; links do not need it.", {.origin = kKh, .example = "1"}),
    element("redirect", kBool, slot<&MasterSettings::redirect>,
            "1: ask the master to send listeners here.", {.origin = kKh, .example = "1"}),
    element("on-demand", kBool, slot<&MasterSettings::on_demand>,
            "1: pull a stream only while it has listeners.",
            {.origin = kKh, .standard = "relays-on-demand", .example = "1"}),
    element("private-redirects", kBool, slot<&MasterSettings::private_redirects>,
            "As in relay, also for servers of its list.", {.example = "1"}),
    element("orders", kChoice, slot<&MasterSettings::orders>,
            "Orders allowed to the master: streams: about listeners, sources and titles of streams "
            "relayed from it and of mounts of its records; all: also to drain this server; none. "
            "auto: all at a server whose cluster names no node, else streams.",
            {.choices = kOrders}),
    element("sessions", kChoice, slot<&MasterSettings::sessions>,
            "1: users logged in at this master are logged in here, with their roles there, up to "
            "the console's handed-over. auto: 1 if orders is all.",
            {.choices = kSessions}),
};

constexpr SchemaElement kRedirect[] = {
    element("host", kHost, slot<&RedirectTarget::host>, "The server to which listeners are sent.",
            {.aliases = "server", .origin = kKh, .example = "edge1.example.org"}),
    port_of("port", slot<&RedirectTarget::port>, kKh, "Its port."),
    bandwidth_of(slot<&RedirectTarget::max_bits_per_second>),
    number_of("max-listeners", slot<&RedirectTarget::max_listeners>, 10'000'000,
              "Listeners it can serve; 0: no limit."),
};

}  // namespace

constinit const SchemaBlock kRelayBlock =
    block_of<RelaySettings>("relay", "A stream pulled from another server. May be repeated.",
                            kRelay, {.key = "local-mount"});

constinit const SchemaBlock kMasterBlock = block_of<MasterSettings>(
    "master", "A server whose streams are relayed here. May be repeated; the first is preferred.",
    kMaster, {.key = "server"});

constinit const SchemaBlock kRedirectBlock =
    block_of<RedirectTarget>("redirect", "A server that gets listeners but does not report here.",
                             kRedirect, {.key = "host"});

}  // namespace lb
