// Rows of <relay>, <master> and <redirect>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using enum ValueKind;

// In the list of an external configuration too (config/mounts/record_relay.h).
constexpr SchemaElement from_backend(SchemaElement row) {
  row.set_by = SetBy::kExternal;
  return row;
}

constexpr SchemaElement relay_server_of(Slot (*where)(void*), SchemaOrigin origin) {
  return {.name = "server",
          .aliases = "ip",
          .kind = kHost,
          .set_by = SetBy::kExternal,
          .slot = where,
          .origin = origin,
          .example = "radio.example.org",
          .help = "The server to pull from."};
}

constexpr SchemaElement mount_of(Slot (*where)(void*), SchemaOrigin origin) {
  return {.name = "mount",
          .kind = kMount,
          .set_by = SetBy::kExternal,
          .slot = where,
          .origin = origin,
          .example = "/live.mp3",
          .help = "The mount there."};
}

constexpr SchemaElement bind_of(Slot (*where)(void*), SchemaOrigin origin) {
  return {.name = "bind",
          .kind = kHost,
          .slot = where,
          .origin = origin,
          .example = "192.0.2.1",
          .help = "The local address to connect from."};
}

constexpr SchemaElement tls_of(Slot (*where)(void*)) {
  return {.name = "ssl",
          .aliases = "tls",
          .kind = kBool,
          .set_by = SetBy::kExternal,
          .slot = where,
          .origin = SchemaOrigin::kKh,
          .example = "1",
          .help = "1: by https."};
}

constexpr SchemaElement uri_of(Slot (*where)(void*)) {
  return {.name = "uri",
          .kind = kText,
          .set_by = SetBy::kFile,
          .slot = where,
          .origin = SchemaOrigin::kIcecast25,
          .secondary = true,
          .example = "https://radio.example.org:8443/live.mp3",
          .help = "server, port, ssl and mount in one, as in Icecast 2.5."};
}

constexpr SchemaElement kUpstream[] = {
    relay_server_of(slot<&RelayUpstreamSettings::server>, SchemaOrigin::kKh),
    from_backend(
        port_of("port", slot<&RelayUpstreamSettings::port>, SchemaOrigin::kKh, "Its port.")),
    mount_of(slot<&RelayUpstreamSettings::mount>, SchemaOrigin::kKh),
    from_backend(bind_of(slot<&RelayUpstreamSettings::bind_address>, SchemaOrigin::kKh)),
    tls_of(slot<&RelayUpstreamSettings::tls>),
    from_backend(seconds_of("timeout", slot<&RelayUpstreamSettings::timeout>, SchemaOrigin::kKh,
                            "How long a connection may take.")),
    {.name = "priority",
     .kind = kNumber,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelayUpstreamSettings::priority>,
     .min = -1000,
     .max = 1000,
     .origin = SchemaOrigin::kKh,
     .example = "1",
     .help = "Smaller is tried first; 0: after all those before it."},
    unsupported("http-headers", SchemaOrigin::kKh, "no extra headers are sent to the other server"),
    unsupported("type", SchemaOrigin::kIcecast25, "all upstreams are normal ones"),
    uri_of(slot<&RelayUpstreamSettings::uri>),
};
static_assert(all_have_set_by(kUpstream));
constinit const SchemaBlock kHostBlock{
    .name = "host",
    .help = "One of several servers of a relay, in the order of the file.",
    .elements = kUpstream,
    .fresh = fresh<RelayUpstreamSettings>,
    .inline_form = true};

constexpr SchemaChoice kIngestModes[] = {{"each", static_cast<std::int64_t>(IngestMode::kEach)},
                                         {"once", static_cast<std::int64_t>(IngestMode::kOnce)}};

constexpr SchemaChoice kStandbys[] = {{"warm", static_cast<std::int64_t>(RelayStandby::kWarm)},
                                      {"hot", static_cast<std::int64_t>(RelayStandby::kHot)}};

constexpr SchemaElement kRelay[] = {
    relay_server_of(slot<&RelaySettings::host, &RelayUpstreamSettings::server>,
                    SchemaOrigin::kIcecast24),
    from_backend(port_of("port", slot<&RelaySettings::host, &RelayUpstreamSettings::port>,
                         SchemaOrigin::kIcecast24, "Its port; has to be written.")),
    mount_of(slot<&RelaySettings::host, &RelayUpstreamSettings::mount>, SchemaOrigin::kIcecast24),
    {.name = "local-mount",
     .kind = kMount,
     .set_by = SetBy::kFile,
     .slot = slot<&RelaySettings::local_mount>,
     .origin = SchemaOrigin::kIcecast24,
     .standard = "mount",
     .example = "/live.mp3",
     .help = "The mount here."},
    {.name = "relay-shoutcast-metadata",
     .aliases = "relay-icy-metadata",
     .kind = kBool,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::icy_metadata>,
     .origin = SchemaOrigin::kIcecast24,
     .example = "1",
     .help = "1: ask for titles."},
    {.name = "username",
     .kind = kText,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::username>,
     .origin = SchemaOrigin::kIcecast24,
     .example = "listener",
     .help = "Login, where the other server asks for one."},
    {.name = "password",
     .kind = kSecret,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::password>,
     .origin = SchemaOrigin::kIcecast24,
     .help = "The password to log in with."},
    {.name = "on-demand",
     .kind = kBool,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::on_demand>,
     .origin = SchemaOrigin::kIcecast24,
     .standard = "relays-on-demand",
     .example = "1",
     .help = "1: pull only while it has listeners."},
    from_backend(bind_of(slot<&RelaySettings::host, &RelayUpstreamSettings::bind_address>,
                         SchemaOrigin::kIcecast24)),
    tls_of(slot<&RelaySettings::host, &RelayUpstreamSettings::tls>),
    from_backend(seconds_of("timeout", slot<&RelaySettings::host, &RelayUpstreamSettings::timeout>,
                            SchemaOrigin::kKh, "How long a connection may take.")),
    {.name = "enable",
     .kind = kBool,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::enabled>,
     .origin = SchemaOrigin::kKh,
     .example = "1",
     .help = "0: the relay is switched off."},
    from_backend(seconds_of("run-on", slot<&RelaySettings::run_on>, SchemaOrigin::kKh,
                            "How long it goes on without listeners.")),
    from_backend(seconds_of("retry-delay", slot<&RelaySettings::retry_delay>, SchemaOrigin::kKh,
                            "Time between two attempts.")),
    {.name = "stall",
     .kind = kMilliseconds,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::stall>,
     .min = 200,
     .max = 60'000,
     .example = "1000ms",
     .help = "After so much silence the next upstream is asked."},
    {.name = "standby",
     .kind = kChoice,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::standby>,
     .choices = kStandbys,
     .help = "hot: the best other upstream is read all the time. warm: it is asked when needed."},
    {.name = "private-redirects",
     .kind = kBool,
     .set_by = SetBy::kFile,
     .slot = slot<&RelaySettings::private_redirects>,
     .example = "1",
     .help = "1: redirects may lead to loopback, link-local or private addresses; 0: only to its "
             "server's kind."},
    {.name = "host",
     .aliases = "master upstream",
     .kind = kBlock,
     .set_by = SetBy::kExternal,
     .block = &kHostBlock,
     .nest = each_in<&RelaySettings::hosts>(),
     .origin = SchemaOrigin::kKh},
    {.name = "exec",
     .kind = kText,
     .set_by = SetBy::kFile,
     .slot = slot<&RelaySettings::exec>,
     .example = "ffmpeg -nostdin -v warning -i http://127.0.0.1:{port}/x.flac -f adts -",
     .help = "A program whose standard output is the stream, started again when it ends; words and "
             "quotes, no shell; {port} is this server's."},
    {.name = "content-type",
     .kind = kText,
     .set_by = SetBy::kFile,
     .slot = slot<&RelaySettings::content_type>,
     .example = "audio/aac",
     .help = "The type of the stream that the program writes."},
    {.name = "ingest",
     .kind = kChoice,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::ingest>,
     .choices = kIngestModes,
     .help = "once: one linked node pulls the relay, the others the mount from it; each: every "
             "node pulls it."},
    {.name = "capture-at",
     .kind = kText,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::capture_at>,
     .example = "p1",
     .help = "With ingest once: the preferred node, the same on all; else names share relays out."},
    {.name = "hand-back",
     .kind = kBool,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::hand_back>,
     .help = "With ingest once, 0: who took over goes on when a preferred node is back."},
    unsupported("http-headers", SchemaOrigin::kKh, "no extra headers are sent to the other server"),
    uri_of(slot<&RelaySettings::host, &RelayUpstreamSettings::uri>),
};
static_assert(all_have_set_by(kRelay));

constexpr SchemaChoice kOrders[] = {{"auto", static_cast<std::int64_t>(MasterOrders::kAuto)},
                                    {"none", static_cast<std::int64_t>(MasterOrders::kNone)},
                                    {"streams", static_cast<std::int64_t>(MasterOrders::kStreams)},
                                    {"all", static_cast<std::int64_t>(MasterOrders::kAll)}};

constexpr SchemaChoice kSessions[] = {{"auto", static_cast<std::int64_t>(MasterSessions::kAuto)},
                                      {"0", static_cast<std::int64_t>(MasterSessions::kNone)},
                                      {"1", static_cast<std::int64_t>(MasterSessions::kAll)}};

constexpr SchemaElement kMaster[] = {
    {.name = "server",
     .kind = kHost,
     .slot = slot<&MasterSettings::server>,
     .origin = SchemaOrigin::kKh,
     .example = "m1.example.org",
     .help = "The master."},
    port_of("port", slot<&MasterSettings::port>, SchemaOrigin::kKh, "Its port."),
    port_of("ssl-port", slot<&MasterSettings::tls_port>, SchemaOrigin::kKh,
            "Its port for https; 0: no https."),
    port_of("cluster-port", slot<&MasterSettings::cluster_port>, SchemaOrigin::kOwn,
            "Its cluster-port; 0: none, as of a stock Icecast."),
    {.name = "username",
     .kind = kText,
     .slot = slot<&MasterSettings::username>,
     .origin = SchemaOrigin::kKh,
     .example = "relay",
     .help = "relay at a stock master, else the id of this node there."},
    {.name = "password",
     .kind = kSecret,
     .slot = slot<&MasterSettings::password>,
     .origin = SchemaOrigin::kKh,
     .help = "Its relay password, or this node's secret there."},
    bind_of(slot<&MasterSettings::bind_address>, SchemaOrigin::kKh),
    {.name = "interval",
     .kind = kSeconds,
     .slot = slot<&MasterSettings::interval>,
     .min = 0,
     .max = 86'400,
     .unset = 0,
     .origin = SchemaOrigin::kKh,
     .standard = "120; 5 where the master sends listeners here",
     .example = "5",
     .help = "Time between reports, and between requests for the list of streams."},
    seconds_of("retry-delay", slot<&MasterSettings::retry_delay>, SchemaOrigin::kKh,
               "Time between two attempts."),
    seconds_of("retry-max", slot<&MasterSettings::retry_max>, SchemaOrigin::kOwn,
               "The longest time between two attempts."),
    seconds_of("run-on", slot<&MasterSettings::run_on>, SchemaOrigin::kKh,
               "How long it goes on without listeners."),
    {.name = "relay-auth",
     .kind = kBool,
     .slot = slot<&MasterSettings::relay_auth>,
     .origin = SchemaOrigin::kKh,
     .example = "1",
     .help = "1: relays log in too; links need it not."},
    {.name = "redirect",
     .kind = kBool,
     .slot = slot<&MasterSettings::redirect>,
     .origin = SchemaOrigin::kKh,
     .example = "1",
     .help = "1: ask the master to send listeners here."},
    {.name = "on-demand",
     .kind = kBool,
     .slot = slot<&MasterSettings::on_demand>,
     .origin = SchemaOrigin::kKh,
     .standard = "relays-on-demand",
     .example = "1",
     .help = "1: pull a stream only while it has listeners."},
    {.name = "private-redirects",
     .kind = kBool,
     .slot = slot<&MasterSettings::private_redirects>,
     .example = "1",
     .help = "As in relay, of servers of its list too."},
    {.name = "orders",
     .kind = kChoice,
     .slot = slot<&MasterSettings::orders>,
     .choices = kOrders,
     .help = "What the master may order: streams: listeners, sources and titles of what is relayed "
             "from it and of mounts of its records; all: also drain this server; none. auto: all "
             "at a server whose cluster names no node, else streams."},
    {.name = "sessions",
     .kind = kChoice,
     .slot = slot<&MasterSettings::sessions>,
     .choices = kSessions,
     .help = "1: users logged in at this master go on here, with the roles that it says, up to the "
             "console's handed-over. auto: 1 where orders is all."},
};

constexpr SchemaElement kRedirect[] = {
    {.name = "host",
     .aliases = "server",
     .kind = kHost,
     .slot = slot<&RedirectTarget::host>,
     .origin = SchemaOrigin::kKh,
     .example = "edge1.example.org",
     .help = "The server that listeners are sent to."},
    port_of("port", slot<&RedirectTarget::port>, SchemaOrigin::kKh, "Its port."),
    bandwidth_of(slot<&RedirectTarget::max_bits_per_second>),
    number_of("max-listeners", slot<&RedirectTarget::max_listeners>, 10'000'000,
              "Listeners it can take; 0: not limited."),
};

}  // namespace

constinit const SchemaBlock kRelayBlock{
    .name = "relay",
    .help = "A stream pulled from another server. May be repeated.",
    .elements = kRelay,
    .fresh = fresh<RelaySettings>,
    .key = "local-mount"};

constinit const SchemaBlock kMasterBlock{
    .name = "master",
    .help = "A server whose streams are relayed here. May be repeated; the first is preferred.",
    .elements = kMaster,
    .fresh = fresh<MasterSettings>,
    .key = "server"};

constinit const SchemaBlock kRedirectBlock{
    .name = "redirect",
    .help = "A server for listeners that does not report here.",
    .elements = kRedirect,
    .fresh = fresh<RedirectTarget>,
    .key = "host"};

}  // namespace lb
