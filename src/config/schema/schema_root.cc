// Rows of <icecast> itself.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using enum ValueKind;
using enum ReloadClass;

constexpr std::string_view kUsualInterval = "120; 5 where the master sends listeners here";

// The flat <master-…> elements fill one MasterSettings of their own, made by the first of them.
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

// A relay or master without a value of its own is on-demand as relays-on-demand was when it was
// read.
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

// What the element itself says is that there are sessions.
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

// Each <acme> is a certificate of its own, or several.
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
                                    std::string_view help,
                                    SchemaOrigin origin = SchemaOrigin::kIcecast24) {
  return {.name = name,
          .kind = kind,
          .slot = where,
          .min = min,
          .max = max,
          .origin = origin,
          .secondary = true,
          .standard = standard,
          .help = help};
}

constexpr SchemaElement kRoot[] = {
    {.name = "location",
     .kind = kText,
     .slot = slot<&Config::location>,
     .origin = SchemaOrigin::kIcecast24,
     .example = "Paris",
     .help = "Where the server stands, for its pages."},
    {.name = "admin",
     .kind = kText,
     .slot = slot<&Config::admin>,
     .origin = SchemaOrigin::kIcecast24,
     .example = "icemaster@example.org",
     .help = "How to reach its administrator, for its pages."},
    {.name = "hostname",
     .kind = kHost,
     .slot = slot<&Config::hostname>,
     .reload = kSource,
     .origin = SchemaOrigin::kIcecast24,
     .example = "radio.example.org",
     .help = "This server's name, in playlists and directories."},
    {.name = "server-id",
     .aliases = "server_id",
     .kind = kText,
     .slot = slot<&Config::server_id>,
     .origin = SchemaOrigin::kIcecast24,
     .standard = "Icecast 2.4.4 (icecast-lb VERSION)",
     .example = "Icecast 2.4.4",
     .help = "The Server header; tools look for Icecast at its beginning."},
    {.name = "port",
     .kind = kNumber,
     .slot = slot<&Config::port>,
     .min = 0,
     .max = 65'535,
     .reload = kRestart,
     .origin = SchemaOrigin::kIcecast24,
     .strict = true,
     .example = "8000",
     .help = "The port without a listen-socket; before the first one, also that in playlists and "
             "directories."},
    {.name = "bind-address",
     .kind = kHost,
     .slot = slot<&Config::bind_address>,
     .reload = kRestart,
     .origin = SchemaOrigin::kIcecast24,
     .example = "127.0.0.1",
     .help = "Its address."},
    {.name = "listen-socket",
     .kind = kBlock,
     .block = &kListenBlock,
     .nest = each_in<&Config::listen>(),
     .reload = kRestart,
     .origin = SchemaOrigin::kIcecast24},
    {.name = "limits",
     .kind = kBlock,
     .block = &kLimitsBlock,
     .nest = inside<&Config::limits>(),
     .origin = SchemaOrigin::kIcecast24},
    {.name = "authentication",
     .kind = kBlock,
     .block = &kAuthenticationBlock,
     .nest = inside<&Config::authentication>(),
     .origin = SchemaOrigin::kIcecast24},
    {.name = "source-password",
     .kind = kSecret,
     .slot = slot<&Config::authentication, &AuthenticationSettings::source_password>,
     .origin = SchemaOrigin::kIcecast24,
     .support = SchemaSupport::kObsolete,
     .note = "write it in <authentication>",
     .secondary = true,
     .canonical = "authentication/source-password",
     .help = "As authentication/source-password."},
    {.name = "icelogin",
     .kind = kBool,
     .slot = slot<&Config::icelogin>,
     .origin = SchemaOrigin::kIcecast24,
     .example = "1",
     .help = "1: sources may log in by the header ice-password."},
    {.name = "shoutcast-mount",
     .kind = kMount,
     .slot = slot<&Config::shoutcast_mount>,
     .origin = SchemaOrigin::kIcecast24,
     .example = "/stream",
     .help = "That of Shoutcast sources whose listen-socket names none."},
    {.name = "fileserve",
     .kind = kBool,
     .slot = slot<&Config::fileserve>,
     .origin = SchemaOrigin::kIcecast24,
     .example = "1",
     .help = "1: files of the webroot are served."},
    {.name = "mime-types",
     .kind = kPath,
     .slot = slot<&Config::paths, &PathSettings::mime_types>,
     .origin = SchemaOrigin::kIcecast24,
     .example = "/etc/mime.types",
     .help = "Content types by file extension."},
    {.name = "http-headers",
     .kind = kBlock,
     .block = &kHeadersBlock,
     .nest = inside<&Config::http_headers>(),
     .reload = kNew,
     .origin = SchemaOrigin::kIcecast24},
    {.name = "paths",
     .kind = kBlock,
     .block = &kPathsBlock,
     .nest = inside<&Config::paths>(),
     .origin = SchemaOrigin::kIcecast24},
    {.name = "logging",
     .kind = kBlock,
     .block = &kLoggingBlock,
     .nest = inside<&Config::logging>(),
     .origin = SchemaOrigin::kIcecast24},
    {.name = "metrics",
     .kind = kBlock,
     .block = &kMetricsBlock,
     .nest = inside<&Config::metrics>()},
    {.name = "now", .kind = kBlock, .block = &kNowBlock, .nest = inside<&Config::now>()},
    {.name = "archive",
     .kind = kBlock,
     .block = &kArchiveBlock,
     .nest = inside<&Config::archive>()},
    {.name = "hls", .kind = kBlock, .block = &kHlsBlock, .nest = inside<&Config::hls>()},
    {.name = "acme", .kind = kBlock, .block = &kAcmeBlock, .nest = kAcmeNest},
    {.name = "audience", .kind = kBlock, .block = &kAudienceBlock, .nest = kAudienceNest},
    {.name = "station",
     .kind = kBlock,
     .block = &kStationBlock,
     .nest = each_in<&Config::stations>()},
    {.name = "player", .kind = kBlock, .block = &kPlayerBlock, .nest = inside<&Config::player>()},
    {.name = "art", .kind = kBlock, .block = &kArtBlock, .nest = inside<&Config::art>()},
    {.name = "webhook",
     .kind = kBlock,
     .block = &kWebhookBlock,
     .nest = each_in<&Config::webhooks>()},
    {.name = "console", .kind = kBlock, .block = &kConsoleBlock, .nest = kConsoleNest},
    {.name = "api",
     .kind = kBool,
     .slot = slot<&Config::api>,
     .example = "1",
     .help = "1: /api/v1 is there, for <admin-user> and users of a <store>; 0: 404."},
    {.name = "security",
     .kind = kBlock,
     .block = &kSecurityBlock,
     .nest = inside<&Config::security>(),
     .origin = SchemaOrigin::kIcecast24},
    // The default mount is a <mount> with an attribute; this row only prints and compares it.
    {.name = "mount[default]",
     .kind = kBlock,
     .block = &kMountBlock,
     .nest = inside<&Config::default_mount>(),
     .reload = kSource,
     .origin = SchemaOrigin::kIcecast24},
    {.name = "mount",
     .kind = kBlock,
     .block = &kMountBlock,
     .nest = each_in<&Config::mounts>(),
     .reload = kSource,
     .origin = SchemaOrigin::kIcecast24},
    {.name = "store",
     .kind = kBlock,
     .block = &kStoreBlock,
     .nest = inside<&Config::store>(),
     .reload = kRestart},
    {.name = "config-external",
     .kind = kBlock,
     .block = &kExternalBlock,
     .nest = inside<&Config::external>()},
    {.name = "relays-on-demand",
     .kind = kBool,
     .slot = slot<&Config::relays_on_demand>,
     .origin = SchemaOrigin::kIcecast24,
     .example = "1",
     .help = "1: later relays, and those of masters, are pulled only while they have listeners."},
    {.name = "relay",
     .kind = kBlock,
     .block = &kRelayBlock,
     .nest = kRelayNest,
     .origin = SchemaOrigin::kIcecast24},
    {.name = "master",
     .kind = kBlock,
     .block = &kMasterBlock,
     .nest = each_in<&Config::masters>(),
     .origin = SchemaOrigin::kKh},
    master_flat("master-server", kHost, flat<&MasterSettings::server>, 0, 0, "",
                "A server all of whose streams are relayed here."),
    master_flat("master-server-port", kNumber, flat<&MasterSettings::port>, 0, 65'535, "0",
                "Its port."),
    master_flat("master-update-interval", kSeconds, flat<&MasterSettings::interval>, 1, 86'400,
                kUsualInterval, "Time between requests for its list of streams."),
    master_flat("master-username", kText, flat<&MasterSettings::username>, 0, 0, "relay",
                "Its relay-user."),
    master_flat("master-password", kSecret, flat<&MasterSettings::password>, 0, 0, "",
                "Its relay-password."),
    master_flat("master-ssl-port", kNumber, flat<&MasterSettings::tls_port>, 0, 65'535, "0",
                "Its port for https; 0: no https.", SchemaOrigin::kKh),
    master_flat("master-bind", kHost, flat<&MasterSettings::bind_address>, 0, 0, "",
                "The local address to connect from.", SchemaOrigin::kKh),
    master_flat("master-relay-auth", kBool, flat<&MasterSettings::relay_auth>, 0, 0, "0",
                "1: relays log in too.", SchemaOrigin::kKh),
    {.name = "directory",
     .aliases = "yp-directory",
     .kind = kBlock,
     .block = &kDirectoryBlock,
     .nest = each_in<&Config::directories>(),
     .origin = SchemaOrigin::kIcecast24},
    {.name = "cluster",
     .kind = kBlock,
     .block = &kClusterBlock,
     .nest = inside<&Config::cluster>()},
    {.name = "max-redirect-slaves",
     .kind = kNumber,
     .slot = slot<&Config::cluster, &ClusterSettings::max_redirect_slaves>,
     .min = -1,
     .max = 100'000,
     .origin = SchemaOrigin::kKh,
     .example = "-1",
     .help = "Slaves that get listeners; 0: none, -1: any number, the default with a cluster node "
             "or <redirect>."},
    {.name = "master-public-slave",
     .aliases = "master-redirect",
     .kind = kBool,
     .slot = slot<&Config::cluster, &ClusterSettings::master_public_slave>,
     .example = "1",
     .help = "1: masters send listeners here."},
    {.name = "redirect",
     .kind = kBlock,
     .block = &kRedirectBlock,
     .nest = {[](void* parent) -> void* {
                return &static_cast<Config*>(parent)->cluster.redirects.emplace_back();
              },
              [](const void* parent) {
                return static_cast<const Config*>(parent)->cluster.redirects.size();
              },
              [](const void* parent, std::size_t index) -> const void* {
                return &static_cast<const Config*>(parent)->cluster.redirects[index];
              },
              true},
     .origin = SchemaOrigin::kKh},
    unsupported("include", SchemaOrigin::kKh, "files are not included; write everything in one"),
    {.name = "event-bindings",
     .aliases = "kartoffelsalat",
     .kind = kNothing,
     .origin = SchemaOrigin::kIcecast25,
     .aside = true,
     .help = "As in a mount, for all mounts."},
};

}  // namespace

constinit const SchemaBlock kRootBlock{.name = "icecast",
                                       .help = "The root element. Elements may stand in any order.",
                                       .elements = kRoot,
                                       .fresh = fresh<Config>};

}  // namespace lb
