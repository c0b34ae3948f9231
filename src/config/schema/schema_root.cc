// Rows of <icecast> itself.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr std::string_view kUsualInterval = "120; 5 if the master sends listeners here";

// The flat <master-…> elements share one MasterSettings, which the first of them creates.
MasterSettings& flat_master(void* object) {
  auto& config = *static_cast<Config*>(object);
  for (MasterSettings& master : config.masters) {
    if (master.flat) return master;
  }
  MasterSettings& master = config.masters.emplace_back();
  master.flat = true;
  return master;
}
template <auto Member>
Slot flat(void* object) {
  return slot_of(flat_master(object).*Member);
}

// A relay or master without its own value takes that of relays-on-demand at this point of the file.
void* add_relay(void* parent) {
  auto& config = *static_cast<Config*>(parent);
  RelaySettings& relay = config.relays.emplace_back();
  relay.on_demand = config.relays_on_demand;
  return &relay;
}
constexpr Nest kRelayNest{
    add_relay, [](const void* parent) { return static_cast<const Config*>(parent)->relays.size(); },
    [](const void* parent, std::size_t index) -> const void* {
      return &static_cast<const Config*>(parent)->relays[index];
    },
    true};

// The element alone turns sessions on.
constexpr Nest kConsoleNest{[](void* parent) -> void* {
                              ConsoleSettings& where = static_cast<Config*>(parent)->console;
                              where.enabled = true;
                              return &where;
                            },
                            [](const void*) -> std::size_t { return 1; },
                            [](const void* parent, std::size_t) -> const void* {
                              return &static_cast<const Config*>(parent)->console;
                            },
                            false};

constexpr Nest kAudienceNest{[](void* parent) -> void* {
                               AudienceSettings& where = static_cast<Config*>(parent)->audience;
                               where.enabled = true;
                               return &where;
                             },
                             [](const void*) -> std::size_t { return 1; },
                             [](const void* parent, std::size_t) -> const void* {
                               return &static_cast<const Config*>(parent)->audience;
                             },
                             false};

// Each <acme> is one certificate or more.
constexpr Nest kAcmeNest{[](void* parent) -> void* {
                           AcmeSettings& where = static_cast<Config*>(parent)->acme.emplace_back();
                           where.enabled = true;
                           return &where;
                         },
                         [](const void* parent) -> std::size_t {
                           return static_cast<const Config*>(parent)->acme.size();
                         },
                         [](const void* parent, std::size_t index) -> const void* {
                           return &static_cast<const Config*>(parent)->acme[index];
                         },
                         true};

constexpr SchemaElement master_flat(std::string_view name, ValueKind kind, Slot (*where)(void*),
                                    std::int64_t min, std::int64_t max, std::string_view standard,
                                    std::string_view help, SchemaOrigin origin = kIcecast24) {
  return element(
      name, kind, where, help,
      {.min = min, .max = max, .origin = origin, .secondary = true, .standard = standard});
}

constexpr SchemaElement kRoot[] = {
    element("location", kText, slot<&Config::location>, "The server's location, for its pages.",
            {.origin = kIcecast24, .example = "Paris"}),
    element("admin", kText, slot<&Config::admin>, "The administrator's contact, for its pages.",
            {.origin = kIcecast24, .example = "icemaster@example.org"}),
    element("hostname", kHost, slot<&Config::hostname>,
            "This server's name in playlists and directories.",
            {.reload = kSource, .origin = kIcecast24, .example = "radio.example.org"}),
    element("server-id", kText, slot<&Config::server_id>,
            "The Server header; tools expect Icecast at its beginning.",
            {.aliases = "server_id",
             .origin = kIcecast24,
             .standard = "Icecast 2.4.4 (icecast-lb VERSION)",
             .example = "Icecast 2.4.4"}),
    element("port", kNumber, slot<&Config::port>,
            "The port without a listen-socket; if written, also the one in playlists "
            "and directories.",
            {.max = 65'535,
             .reload = kRestart,
             .origin = kIcecast24,
             .strict = true,
             .example = "8000"}),
    element("bind-address", kHost, slot<&Config::bind_address>, "Its address.",
            {.reload = kRestart, .origin = kIcecast24, .example = "127.0.0.1"}),
    element("listen-socket", &kListenBlock, each_in<&Config::listen>(),
            {.reload = kRestart, .origin = kIcecast24}),
    element("limits", &kLimitsBlock, inside<&Config::limits>(), {.origin = kIcecast24}),
    element("authentication", &kAuthenticationBlock, inside<&Config::authentication>(),
            {.origin = kIcecast24}),
    element("source-password", kSecret,
            slot<&Config::authentication, &PasswordSettings::source_password>,
            "As authentication/source-password.",
            {.origin = kIcecast24,
             .support = kObsolete,
             .note = "write it in <authentication>",
             .secondary = true,
             .canonical = "authentication/source-password"}),
    element("icelogin", kBool, slot<&Config::icelogin>,
            "1: sources may log in with the header ice-password.",
            {.origin = kIcecast24, .example = "1"}),
    element("shoutcast-mount", kMount, slot<&Config::shoutcast_mount>,
            "The mount of Shoutcast sources whose listen-socket names none.",
            {.origin = kIcecast24, .example = "/stream"}),
    element("fileserve", kBool, slot<&Config::fileserve>,
            "1: the server delivers files from the webroot.",
            {.origin = kIcecast24, .example = "1"}),
    element("mime-types", kPath, slot<&Config::paths, &PathSettings::mime_types>,
            "Content types by file extension.",
            {.origin = kIcecast24, .example = "/etc/mime.types"}),
    element("http-headers", &kHeadersBlock, inside<&Config::http_headers>(),
            {.reload = kNew, .origin = kIcecast24}),
    element("paths", &kPathsBlock, inside<&Config::paths>(), {.origin = kIcecast24}),
    element("logging", &kLoggingBlock, inside<&Config::logging>(), {.origin = kIcecast24}),
    element("metrics", &kMetricsBlock, inside<&Config::metrics>()),
    element("now", &kNowBlock, inside<&Config::now>()),
    element("archive", &kArchiveBlock, inside<&Config::archive>()),
    element("hls", &kHlsBlock, inside<&Config::hls>()),
    element("acme", &kAcmeBlock, kAcmeNest),
    element("audience", &kAudienceBlock, kAudienceNest),
    element("station", &kStationBlock, each_in<&Config::stations>()),
    element("player", &kPlayerBlock, inside<&Config::player>()),
    element("art", &kArtBlock, inside<&Config::art>()),
    element("webhook", &kWebhookBlock, each_in<&Config::webhooks>()),
    element("console", &kConsoleBlock, kConsoleNest),
    element("api", kBool, slot<&Config::api>,
            "1: /api/v1 is enabled, for <admin-user> and users of a <store>; 0: 404.",
            {.example = "1"}),
    element("security", &kSecurityBlock, inside<&Config::security>(), {.origin = kIcecast24}),
    // The default mount is a <mount> with an attribute; this row serves only to print and compare
    // it.
    element("mount[default]", &kMountBlock, inside<&Config::default_mount>(),
            {.reload = kSource, .origin = kIcecast24}),
    element("mount", &kMountBlock, each_in<&Config::mounts>(),
            {.reload = kSource, .origin = kIcecast24}),
    element("store", &kStoreBlock, inside<&Config::store>(), {.reload = kRestart}),
    element("config-external", &kExternalBlock, inside<&Config::external>()),
    element("relays-on-demand", kBool, slot<&Config::relays_on_demand>,
            "1: later relays, and masters' relays, are pulled only while they have listeners.",
            {.origin = kIcecast24, .example = "1"}),
    element("relay", &kRelayBlock, kRelayNest, {.origin = kIcecast24}),
    element("master", &kMasterBlock, each_in<&Config::masters>(), {.origin = kKh}),
    master_flat("master-server", kHost, flat<&MasterSettings::server>, 0, 0, "",
                "A server whose streams are all relayed here."),
    master_flat("master-server-port", kNumber, flat<&MasterSettings::port>, 0, 65'535, "0",
                "Its port."),
    master_flat("master-update-interval", kSeconds, flat<&MasterSettings::interval>, 1, 86'400,
                kUsualInterval, "Time between requests for its list of streams."),
    master_flat("master-username", kText, flat<&MasterSettings::username>, 0, 0, "relay",
                "Its relay-user."),
    master_flat("master-password", kSecret, flat<&MasterSettings::password>, 0, 0, "",
                "Its relay-password."),
    master_flat("master-ssl-port", kNumber, flat<&MasterSettings::tls_port>, 0, 65'535, "0",
                "Its port for https; 0: no https.", kKh),
    master_flat("master-bind", kHost, flat<&MasterSettings::bind_address>, 0, 0, "",
                "The local address to connect from.", kKh),
    master_flat("master-relay-auth", kBool, flat<&MasterSettings::relay_auth>, 0, 0, "0",
                "1: relays log in too.", kKh),
    element("directory", &kDirectoryBlock, each_in<&Config::directories>(),
            {.aliases = "yp-directory", .origin = kIcecast24}),
    element("cluster", &kClusterBlock, inside<&Config::cluster>()),
    element("max-redirect-slaves", kNumber,
            slot<&Config::cluster, &ClusterSettings::max_redirect_slaves>,
            "Slaves that may get listeners; 0: none; -1: any number, the default with a cluster "
            "node or <redirect>.",
            {.min = -1, .max = 100'000, .origin = kKh, .example = "-1"}),
    element("master-public-slave", kBool,
            slot<&Config::cluster, &ClusterSettings::master_public_slave>,
            "1: masters send listeners here.", {.aliases = "master-redirect", .example = "1"}),
    element("redirect", &kRedirectBlock,
            {[](void* parent) -> void* {
               return &static_cast<Config*>(parent)->cluster.redirects.emplace_back();
             },
             [](const void* parent) {
               return static_cast<const Config*>(parent)->cluster.redirects.size();
             },
             [](const void* parent, std::size_t index) -> const void* {
               return &static_cast<const Config*>(parent)->cluster.redirects[index];
             },
             true},
            {.origin = kKh}),
    unsupported("include", kKh, "files are not included; write everything in one"),
    element("event-bindings", kNothing, nullptr, "As in a mount, for all mounts.",
            {.aliases = "kartoffelsalat", .origin = kIcecast25, .aside = true}),
};

}  // namespace

constinit const SchemaBlock kRootBlock =
    block_of<Config>("icecast", "The root element. Its elements may be in any order.", kRoot);

}  // namespace lb
