// Rows of <paths>.
#include "config/config.h"
#include "config/schema.h"
#include "config/schema_rows.h"

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
     .help = "The path that is served instead. It is not looked up among the aliases again."},
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
     .help = "Only for requests that came to the socket bound to this address."},
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
     .help = "The new root directory when security/chroot is 1; not used otherwise."},
    {.name = "logdir",
     .kind = kPath,
     .slot = slot<&PathSettings::logdir>,
     .example = "/var/log/icecast-lb",
     .help = "Where log files are written whose name is not absolute. Without it: the error log "
             "goes to standard error, the access log nowhere."},
    {.name = "webroot",
     .kind = kPath,
     .slot = slot<&PathSettings::webroot>,
     .standard = "PREFIX/share/icecast-lb/web",
     .example = "/usr/share/icecast-lb/web",
     .help = "Files for visitors: pages, intros, fallback files. A page that is missing there is "
             "answered by a built-in one."},
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
     .help = "The number of the process is written there, and removed at the end."},
    {.name = "deny-ip",
     .aliases = "ban-file banfile",
     .kind = kPath,
     .slot = slot<&PathSettings::deny_ip>,
     .example = "/etc/icecast-lb/deny.txt",
     .help = "A file of addresses, networks (192.0.2.0/24, 2001:db8::/32) and patterns "
             "(192.0.2.*), one a line, that are turned away. Read again when it changes."},
    {.name = "allow-ip",
     .kind = kPath,
     .slot = slot<&PathSettings::allow_ip>,
     .example = "/etc/icecast-lb/allow.txt",
     .help = "A file of addresses, one a line; all others are refused."},
    {.name = "deny-agents",
     .kind = kPath,
     .slot = slot<&PathSettings::deny_agents>,
     .origin = SchemaOrigin::kKh,
     .example = "/etc/icecast-lb/agents.txt",
     .help = "A file of patterns (*badbot*), one a line. A request whose User-Agent matches one, "
             "in any case, is answered 403. Read again when it changes."},
    {.name = "auth-spool",
     .kind = kPath,
     .slot = slot<&PathSettings::auth_spool>,
     .reload = kRestart,
     .origin = SchemaOrigin::kOwn,
     .standard = "auth.spool in logdir",
     .example = "/var/lib/icecast-lb/auth.spool",
     .help =
         "Where listeners are noted whose end must be reported to a listener_remove address, so "
         "that a crash loses none."},
    {.name = "state-dir",
     .kind = kPath,
     .slot = slot<&PathSettings::state_dir>,
     .reload = kRestart,
     .origin = SchemaOrigin::kOwn,
     .standard = "$STATE_DIRECTORY, which systemd sets",
     .example = "/var/lib/icecast-lb",
     .help = "Where the server keeps what has to outlive it, such as the keys of sessions. Without "
             "it they live as long as the process."},
    {.name = "ssl-certificate",
     .aliases = "ssl_certificate tls-certificate",
     .kind = kFiles,
     .slot = slot<&PathSettings::ssl_certificate>,
     .example = "/etc/icecast-lb/tls.pem",
     .help = "PEM file with a certificate and its chain, and its key if that is in no "
             "ssl-private-key. May be repeated: the client's server name (SNI) chooses, the first "
             "is for all other names. Read again when it changes. With a certificate, every plain "
             "socket takes TLS too. Two with the same names, one of them ECDSA, serve both kinds "
             "of players."},
    {.name = "ssl-private-key",
     .aliases = "tls-key",
     .kind = kFiles,
     .slot = slot<&PathSettings::ssl_private_key>,
     .origin = SchemaOrigin::kKh,
     .example = "/etc/icecast-lb/tls.key",
     .help = "PEM file with the key of a certificate, where it is not in the same file. May be "
             "repeated; the key that fits is used."},
    {.name = "ssl-allowed-ciphers",
     .aliases = "tls-allowed-ciphers",
     .kind = kText,
     .slot = slot<&PathSettings::ssl_allowed_ciphers>,
     .standard = "ECDHE+AESGCM:ECDHE+CHACHA20",
     .example = "HIGH:!aNULL",
     .help =
         "The ciphers of TLS 1.2, in OpenSSL's notation, and those of TLS 1.3 "
         "(TLS_AES_128_GCM_SHA256 …). What is written is taken as it is; the default has no CBC "
         "and no key exchange by RSA, which some players of before 2014 need: they want the "
         "example."},
    {.name = "ssl-ticket-key",
     .kind = kPath,
     .slot = slot<&PathSettings::ssl_ticket_key>,
     .origin = SchemaOrigin::kOwn,
     .standard = "the keys of <cluster><token>, else the certificate's key",
     .example = "/etc/icecast-lb/ticket.key",
     .help = "A file with a secret of at least 32 bytes that servers of one name share: a player "
             "that comes back to any "
             "of them, also after a restart, is spared the costly part of the TLS handshake. Read "
             "again when it changes; "
             "the keys made of it change every hour."},
    {.name = "ssl-cafile",
     .kind = kPath,
     .slot = slot<&PathSettings::ssl_cafile>,
     .origin = SchemaOrigin::kKh,
     .standard = "the system's",
     .example = "/etc/ssl/certs/ca-certificates.crt",
     .help = "PEM file of the roots that are trusted where this server is the client (relays)."},
    {.name = "mime-types",
     .kind = kPath,
     .slot = slot<&PathSettings::mime_types>,
     .origin = SchemaOrigin::kIcecast25,
     .secondary = true,
     .canonical = "../mime-types",
     .help = "The file that gives content types by file extension; Icecast 2.4 has it at the "
             "root."},
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
     .help = "Addresses of trusted proxies, also as networks (192.0.2.0/24, 2001:db8::/32) or "
             "patterns (192.0.2.*). A request from one of them is taken to come from the last "
             "address in its X-Forwarded-For header that is not a trusted proxy's; its "
             "X-Forwarded-Proto tells whether the client speaks https. Sockets with "
             "proxy-protocol take connections from these addresses only. May be repeated."},
    unsupported("reportxmldb", SchemaOrigin::kIcecast25, "errors are answered with fixed texts"),
    {.name = "geoipdb",
     .kind = kPath,
     .slot = slot<&PathSettings::geoipdb>,
     .origin = SchemaOrigin::kIcecast25,
     .example = "/var/lib/GeoIP/GeoLite2-Country.mmdb",
     .help = "A database in MaxMind's format that has the country of each address: a master "
             "prefers the nodes whose countries name it. Read again when it changes."},
    unsupported("nulldevice", SchemaOrigin::kIcecast25, "/dev/null is used"),
};

}  // namespace

constinit const SchemaBlock kPathsBlock{.name = "paths",
                                        .help = "Files and directories.",
                                        .elements = kPaths,
                                        .fresh = fresh<PathSettings>};

}  // namespace lb
