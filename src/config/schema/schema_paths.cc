// Rows of <paths>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using enum ValueKind;
using enum ReloadClass;

// <alias source="/" destination="/status.xsl"/>
constexpr SchemaElement kAlias[] = {
    {.name = "source",
     .kind = kMount,
     .slot = slot<&Alias::source>,
     .example = "/",
     .help = "The path that is asked for, compared as a whole."},
    {.name = "destination",
     .aliases = "dest",
     .kind = kMount,
     .slot = slot<&Alias::destination>,
     .example = "/status.xsl",
     .help = "The path that is served, not looked up among aliases again."},
    {.name = "port",
     .kind = kNumber,
     .slot = slot<&Alias::port>,
     .min = 0,
     .max = 65'535,
     .example = "8000",
     .help = "Only for requests that came to this port; 0: any."},
    {.name = "bind-address",
     .kind = kHost,
     .slot = slot<&Alias::bind_address>,
     .example = "127.0.0.1",
     .help = "Only for requests to the socket with this address."},
    unsupported("prefixmatch", SchemaOrigin::kIcecast25,
                "the path that is asked for is compared as a whole"),
    unsupported("vhost", SchemaOrigin::kIcecast25,
                "an alias does not ask for the name of the server", "listen-socket"),
    unsupported("module", SchemaOrigin::kIcecast25, "an alias only serves another path",
                "handler omode"),
};
constinit const SchemaBlock kAliasBlock{
    .name = "alias",
    .help = "Serves one path under another name. Written with attributes.",
    .elements = kAlias,
    .fresh = fresh<Alias>,
    .inline_form = true};

constexpr SchemaElement kPaths[] = {
    {.name = "basedir",
     .kind = kPath,
     .slot = slot<&PathSettings::basedir>,
     .reload = kRestart,
     .example = "/usr/share/icecast-lb",
     .help = "The root directory with security/chroot 1; unused otherwise."},
    {.name = "logdir",
     .kind = kPath,
     .slot = slot<&PathSettings::logdir>,
     .example = "/var/log/icecast-lb",
     .help = "Where logs without an absolute name go. Without it: error log to standard error, "
             "access log nowhere."},
    {.name = "webroot",
     .kind = kPath,
     .slot = slot<&PathSettings::webroot>,
     .standard = "PREFIX/share/icecast-lb/web",
     .example = "/usr/share/icecast-lb/web",
     .help = "Pages, intros, fallback files; a page that is missing is a built-in one."},
    {.name = "adminroot",
     .kind = kPath,
     .slot = slot<&PathSettings::adminroot>,
     .standard = "PREFIX/share/icecast-lb/admin",
     .example = "/usr/share/icecast-lb/admin",
     .help = "The stylesheets (*.xsl) of the pages under /admin/."},
    {.name = "pidfile",
     .kind = kPath,
     .slot = slot<&PathSettings::pidfile>,
     .reload = kRestart,
     .example = "/run/icecast-lb.pid",
     .help = "File of the process number, removed at the end."},
    {.name = "deny-ip",
     .aliases = "ban-file banfile",
     .kind = kPath,
     .slot = slot<&PathSettings::deny_ip>,
     .example = "/etc/icecast-lb/deny.txt",
     .help = "Addresses, networks (192.0.2.0/24, 2001:db8::/32) and patterns (192.0.2.*), one a "
             "line, that are turned away; watched."},
    {.name = "allow-ip",
     .kind = kPath,
     .slot = slot<&PathSettings::allow_ip>,
     .example = "/etc/icecast-lb/allow.txt",
     .help = "Addresses, one a line; all others are refused."},
    {.name = "deny-agents",
     .kind = kPath,
     .slot = slot<&PathSettings::deny_agents>,
     .origin = SchemaOrigin::kKh,
     .example = "/etc/icecast-lb/agents.txt",
     .help = "Patterns (*badbot*), one a line: a User-Agent that matches, in any case, is answered "
             "403; watched."},
    {.name = "auth-spool",
     .kind = kPath,
     .slot = slot<&PathSettings::auth_spool>,
     .reload = kRestart,
     .origin = SchemaOrigin::kOwn,
     .standard = "auth.spool in logdir",
     .example = "/var/lib/icecast-lb/auth.spool",
     .help =
         "Listeners whose end a listener_remove address has to learn, so that a crash loses none."},
    {.name = "state-dir",
     .kind = kPath,
     .slot = slot<&PathSettings::state_dir>,
     .reload = kRestart,
     .origin = SchemaOrigin::kOwn,
     .standard = "$STATE_DIRECTORY, which systemd sets",
     .example = "/var/lib/icecast-lb",
     .help = "What outlives the process, such as keys of sessions."},
    {.name = "ssl-certificate",
     .aliases = "ssl_certificate tls-certificate",
     .kind = kFiles,
     .slot = slot<&PathSettings::ssl_certificate>,
     .example = "/etc/icecast-lb/tls.pem",
     .help =
         "PEM file of certificate, chain and, unless ssl-private-key has it, key; watched. May be "
         "repeated: the client's name (SNI) chooses, the first for all others; an RSA and an ECDSA "
         "one of the same names serve both kinds of players. Plain sockets take TLS too."},
    {.name = "ssl-private-key",
     .aliases = "tls-key",
     .kind = kFiles,
     .slot = slot<&PathSettings::ssl_private_key>,
     .origin = SchemaOrigin::kKh,
     .example = "/etc/icecast-lb/tls.key",
     .help = "PEM file of the key of a certificate. May be repeated; the one that fits is used."},
    {.name = "ssl-allowed-ciphers",
     .aliases = "tls-allowed-ciphers",
     .kind = kText,
     .slot = slot<&PathSettings::ssl_allowed_ciphers>,
     .standard = "ECDHE+AESGCM:ECDHE+CHACHA20",
     .example = "HIGH:!aNULL",
     .help = "Ciphers of TLS 1.2 and 1.3 in OpenSSL's notation, taken as written. The default has "
             "no CBC and no RSA key exchange, which some players of before 2014 need: HIGH:!aNULL "
             "has them."},
    {.name = "ssl-ticket-key",
     .kind = kPath,
     .slot = slot<&PathSettings::ssl_ticket_key>,
     .origin = SchemaOrigin::kOwn,
     .standard = "the keys of <cluster><token>, else the certificate's key",
     .example = "/etc/icecast-lb/ticket.key",
     .help = "A secret of at least 32 bytes that servers of one name share, so that players that "
             "return, also after a restart, are spared most of the TLS handshake; watched. Its "
             "keys change every hour."},
    {.name = "ssl-cafile",
     .kind = kPath,
     .slot = slot<&PathSettings::ssl_cafile>,
     .origin = SchemaOrigin::kKh,
     .standard = "the system's",
     .example = "/etc/ssl/certs/ca-certificates.crt",
     .help = "PEM file of the roots that relays are checked by."},
    {.name = "mime-types",
     .kind = kPath,
     .slot = slot<&PathSettings::mime_types>,
     .origin = SchemaOrigin::kIcecast25,
     .secondary = true,
     .canonical = "../mime-types",
     .help = "As mime-types at the root."},
    {.name = "alias",
     .aliases = "resource",
     .kind = kBlock,
     .block = &kAliasBlock,
     .nest = each_in<&PathSettings::aliases>()},
    {.name = "x-forwarded-for",
     .kind = kList,
     .slot = slot<&PathSettings::x_forwarded_for>,
     .reload = kNew,
     .origin = SchemaOrigin::kKh,
     .example = "127.0.0.1",
     .help = "Trusted proxies: addresses, networks (192.0.2.0/24, 2001:db8::/32) or patterns "
             "(192.0.2.*); may be repeated. Their client is the last untrusted address in "
             "X-Forwarded-For; X-Forwarded-Proto says https. Sockets with proxy-protocol take "
             "connections from them only."},
    unsupported("reportxmldb", SchemaOrigin::kIcecast25, "errors are answered with fixed texts"),
    {.name = "geoipdb",
     .kind = kPath,
     .slot = slot<&PathSettings::geoipdb>,
     .origin = SchemaOrigin::kIcecast25,
     .example = "/var/lib/GeoIP/GeoLite2-Country.mmdb",
     .help = "MaxMind database of countries, by which a master prefers near nodes; watched."},
    unsupported("nulldevice", SchemaOrigin::kIcecast25, "/dev/null is used"),
};

}  // namespace

constinit const SchemaBlock kPathsBlock{.name = "paths",
                                        .help = "Files and directories.",
                                        .elements = kPaths,
                                        .fresh = fresh<PathSettings>};

}  // namespace lb
