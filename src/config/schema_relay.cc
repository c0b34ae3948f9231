// Rows of <relay>, <master> and <redirect>.
#include "config/config.h"
#include "config/schema.h"
#include "config/schema_rows.h"

namespace lb {
namespace {

using enum ValueKind;

// In the list of an external configuration too (config/record_relay.h).
constexpr SchemaElement from_backend(SchemaElement row) {
  row.set_by = SetBy::kExternal;
  return row;
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
    {.name = "server",
     .aliases = "ip",
     .kind = kHost,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelayUpstreamSettings::server>,
     .origin = SchemaOrigin::kKh,
     .example = "radio.example.org",
     .help = "The server to pull from."},
    from_backend(
        port_of("port", slot<&RelayUpstreamSettings::port>, SchemaOrigin::kKh, "Its port.")),
    {.name = "mount",
     .kind = kMount,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelayUpstreamSettings::mount>,
     .origin = SchemaOrigin::kKh,
     .example = "/live.mp3",
     .help = "The mount there."},
    {.name = "bind",
     .kind = kHost,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelayUpstreamSettings::bind_address>,
     .origin = SchemaOrigin::kKh,
     .example = "192.0.2.1",
     .help = "The local address to connect from."},
    {.name = "ssl",
     .aliases = "tls",
     .kind = kBool,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelayUpstreamSettings::tls>,
     .origin = SchemaOrigin::kKh,
     .example = "1",
     .help = "1: by https."},
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
static_assert(all_say_set_by(kUpstream));
constinit const SchemaBlock kHostBlock{
    .name = "host",
    .help =
        "One of several servers that a relay may pull from, in the order of the file; what it does "
        "not set is as in the relay. Also master in Icecast-KH, upstream in Icecast 2.5.",
    .elements = kUpstream,
    .fresh = fresh<RelayUpstreamSettings>,
    .inline_form = true};

constexpr SchemaChoice kIngestModes[] = {{"each", static_cast<std::int64_t>(IngestMode::kEach)},
                                         {"once", static_cast<std::int64_t>(IngestMode::kOnce)}};

constexpr SchemaChoice kStandbys[] = {{"warm", static_cast<std::int64_t>(RelayStandby::kWarm)},
                                      {"hot", static_cast<std::int64_t>(RelayStandby::kHot)}};

constexpr SchemaElement kRelay[] = {
    {.name = "server",
     .aliases = "ip",
     .kind = kHost,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::host, &RelayUpstreamSettings::server>,
     .example = "radio.example.org",
     .help = "The server to pull from."},
    from_backend(port_of("port", slot<&RelaySettings::host, &RelayUpstreamSettings::port>,
                         SchemaOrigin::kIcecast24, "Its port; has to be written.")),
    {.name = "mount",
     .kind = kMount,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::host, &RelayUpstreamSettings::mount>,
     .example = "/live.mp3",
     .help = "The mount there."},
    {.name = "local-mount",
     .kind = kMount,
     .set_by = SetBy::kFile,
     .slot = slot<&RelaySettings::local_mount>,
     .standard = "mount",
     .example = "/live.mp3",
     .help = "The mount here."},
    {.name = "relay-shoutcast-metadata",
     .aliases = "relay-icy-metadata",
     .kind = kBool,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::icy_metadata>,
     .example = "1",
     .help = "1: ask for titles."},
    {.name = "username",
     .kind = kText,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::username>,
     .example = "listener",
     .help = "Name to log in with, where the other server asks for one."},
    {.name = "password",
     .kind = kSecret,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::password>,
     .help = "The password to log in with."},
    {.name = "on-demand",
     .kind = kBool,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::on_demand>,
     .standard = "relays-on-demand",
     .example = "1",
     .help = "1: pull only while it has listeners."},
    {.name = "bind",
     .kind = kHost,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::host, &RelayUpstreamSettings::bind_address>,
     .example = "192.0.2.1",
     .help = "The local address to connect from."},
    {.name = "ssl",
     .aliases = "tls",
     .kind = kBool,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::host, &RelayUpstreamSettings::tls>,
     .origin = SchemaOrigin::kKh,
     .example = "1",
     .help = "1: by https."},
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
                            "How long an on-demand relay goes on without listeners.")),
    from_backend(seconds_of("retry-delay", slot<&RelaySettings::retry_delay>, SchemaOrigin::kKh,
                            "Time between two attempts.")),
    {.name = "stall",
     .kind = kMilliseconds,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::stall>,
     .min = 200,
     .max = 60'000,
     .origin = SchemaOrigin::kOwn,
     .example = "1000ms",
     .help = "After so much silence the next upstream is asked; the present one goes on until that "
             "sends."},
    {.name = "standby",
     .kind = kChoice,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::standby>,
     .choices = kStandbys,
     .origin = SchemaOrigin::kOwn,
     .help = "hot: the best of the other upstreams is read all the time, and its newest 64 KiB are "
             "kept, so that a change needs no request; twice the traffic. warm: it is asked when "
             "it is needed."},
    {.name = "private-redirects",
     .kind = kBool,
     .set_by = SetBy::kFile,
     .slot = slot<&RelaySettings::private_redirects>,
     .origin = SchemaOrigin::kOwn,
     .example = "1",
     .help = "1: a redirect of the other server may lead to a loopback, link-local or private "
             "address. Without it "
             "only to one of its own kind."},
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
     .origin = SchemaOrigin::kOwn,
     .example = "ffmpeg -nostdin -v warning -i http://127.0.0.1:{port}/x.flac -f adts -",
     .help = "A program that writes the stream to its standard output, instead of a server; split "
             "as words with quotes, without a shell. {port} is the port of this server. It ends "
             "with this server and is started again when it ends."},
    {.name = "content-type",
     .kind = kText,
     .set_by = SetBy::kFile,
     .slot = slot<&RelaySettings::content_type>,
     .origin = SchemaOrigin::kOwn,
     .example = "audio/aac",
     .help = "The type of the stream that the program writes."},
    {.name = "ingest",
     .kind = kChoice,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::ingest>,
     .choices = kIngestModes,
     .origin = SchemaOrigin::kOwn,
     .help = "once: of the linked nodes that have this relay one pulls it, and the others pull the "
             "mount from that one; another takes over when it is lost. each: every node pulls it."},
    {.name = "capture-at",
     .kind = kText,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::capture_at>,
     .origin = SchemaOrigin::kOwn,
     .example = "p1",
     .help = "With ingest once: the node that is preferred; the same on all nodes. Without it they "
             "share such relays out by their names."},
    {.name = "hand-back",
     .kind = kBool,
     .set_by = SetBy::kExternal,
     .slot = slot<&RelaySettings::hand_back>,
     .origin = SchemaOrigin::kOwn,
     .help = "With ingest once: 0: a node that has taken over goes on when a preferred one is "
             "back."},
    unsupported("http-headers", SchemaOrigin::kKh, "no extra headers are sent to the other server"),
    uri_of(slot<&RelaySettings::host, &RelayUpstreamSettings::uri>),
};
static_assert(all_say_set_by(kRelay));

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
            "Its port for the cluster link; 0: none, as with a stock Icecast."),
    {.name = "username",
     .kind = kText,
     .slot = slot<&MasterSettings::username>,
     .origin = SchemaOrigin::kKh,
     .example = "relay",
     .help = "Name to log in with: relay for a stock master, else the id of this node there."},
    {.name = "password",
     .kind = kSecret,
     .slot = slot<&MasterSettings::password>,
     .origin = SchemaOrigin::kKh,
     .help = "The relay password of the master, or the secret of this node there."},
    {.name = "bind",
     .kind = kHost,
     .slot = slot<&MasterSettings::bind_address>,
     .origin = SchemaOrigin::kKh,
     .example = "192.0.2.1",
     .help = "The local address to connect from."},
    {.name = "interval",
     .kind = kSeconds,
     .slot = slot<&MasterSettings::interval>,
     .min = 0,
     .max = 86'400,
     .unset = 0,
     .origin = SchemaOrigin::kKh,
     .standard = "120; 5 where the master sends listeners here",
     .example = "5",
     .help = "Time between two reports, and between two requests for the list of streams."},
    seconds_of("retry-delay", slot<&MasterSettings::retry_delay>, SchemaOrigin::kKh,
               "Time between two attempts."),
    seconds_of("retry-max", slot<&MasterSettings::retry_max>, SchemaOrigin::kOwn,
               "The longest time between two attempts; they start closer together."),
    seconds_of("run-on", slot<&MasterSettings::run_on>, SchemaOrigin::kKh,
               "How long an on-demand relay goes on without listeners."),
    {.name = "relay-auth",
     .kind = kBool,
     .slot = slot<&MasterSettings::relay_auth>,
     .origin = SchemaOrigin::kKh,
     .example = "1",
     .help = "1: relays log in with username and password too. Where there is a link nothing needs "
             "it."},
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
     .origin = SchemaOrigin::kOwn,
     .example = "1",
     .help = "1: redirects of the master, and servers in its list, may be loopback, link-local or "
             "private addresses. "
             "Without it only those of its own kind."},
    {.name = "orders",
     .kind = kChoice,
     .slot = slot<&MasterSettings::orders>,
     .choices = kOrders,
     .origin = SchemaOrigin::kOwn,
     .help =
         "What the master may order over its link: streams: to list, move or end listeners, end "
         "the "
         "source and set titles of what is relayed from it, and of mounts that its records lay "
         "over "
         "this file; all: to drain this server as well; none. auto is all at a server without a "
         "node in its cluster section, else streams."},
    {.name = "sessions",
     .kind = kChoice,
     .slot = slot<&MasterSettings::sessions>,
     .choices = kSessions,
     .origin = SchemaOrigin::kOwn,
     .help = "1: users that have logged in at this master may go on to the pages of this server, "
             "and the master says who they are: it can make anybody an administrator here, up to "
             "handed-over of the console. 0: not. auto is 1 where orders comes to all, else 0."},
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
    .help = "A stream that is pulled from another server. May be repeated.",
    .elements = kRelay,
    .fresh = fresh<RelaySettings>,
    .key = "local-mount"};

constinit const SchemaBlock kMasterBlock{
    .name = "master",
    .help =
        "A server all of whose streams are relayed here. May be repeated; the first is "
        "preferred. The flat elements master-server, master-server-port … are one such block.",
    .elements = kMaster,
    .fresh = fresh<MasterSettings>,
    .key = "server"};

constinit const SchemaBlock kRedirectBlock{
    .name = "redirect",
    .help = "A server that listeners may be sent to, which does not report here.",
    .elements = kRedirect,
    .fresh = fresh<RedirectTarget>,
    .key = "host"};

}  // namespace lb
