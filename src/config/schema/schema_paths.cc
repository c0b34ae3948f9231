// Rows of <paths>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

// <alias source="/" destination="/status.xsl"/>
constexpr SchemaElement kAlias[] = {
    element("source", kMount, slot<&Alias::source>, "The complete requested path.",
            {.origin = kIcecast24, .example = "/"}),
    element("destination", kMount, slot<&Alias::destination>, "The served path.",
            {.aliases = "dest", .origin = kIcecast24, .example = "/status.xsl"}),
    element("port", kNumber, slot<&Alias::port>, "Only at this port; 0: any.",
            {.max = 65'535, .origin = kIcecast24, .example = "8000"}),
    element("bind-address", kHost, slot<&Alias::bind_address>,
            "Only at the socket with this address.",
            {.origin = kIcecast24, .example = "127.0.0.1"}),
    unsupported("prefixmatch", kIcecast25, "the path that is asked for is compared as a whole"),
    unsupported("vhost", kIcecast25, "an alias does not ask for the name of the server",
                "listen-socket"),
    unsupported("module", kIcecast25, "an alias only serves another path", "handler omode"),
};
constinit const SchemaBlock kAliasBlock =
    block_of<Alias>("alias", "Serves one path under another name. Written with attributes.", kAlias,
                    {.inline_form = true});

constexpr SchemaElement kPaths[] = {
    element("basedir", kPath, slot<&PathSettings::basedir>,
            "The root directory with security/chroot 1; unused otherwise.",
            {.reload = kRestart, .origin = kIcecast24, .example = "/usr/share/icecast-lb"}),
    element("logdir", kPath, slot<&PathSettings::logdir>,
            "Directory of relative logs. Without it: error log on standard error, no access log.",
            {.origin = kIcecast24, .example = "/var/log/icecast-lb"}),
    element("webroot", kPath, slot<&PathSettings::webroot>,
            "Directory of pages, intros and fallback files.",
            {.origin = kIcecast24,
             .standard = "PREFIX/share/icecast-lb/web",
             .example = "/usr/share/icecast-lb/web"}),
    element("adminroot", kPath, slot<&PathSettings::adminroot>,
            "Directory of stylesheets (*.xsl) for pages under /admin/.",
            {.origin = kIcecast24,
             .standard = "PREFIX/share/icecast-lb/admin",
             .example = "/usr/share/icecast-lb/admin"}),
    element("pidfile", kPath, slot<&PathSettings::pidfile>,
            "File with the process id, removed at the end.",
            {.reload = kRestart, .origin = kIcecast24, .example = "/run/icecast-lb.pid"}),
    element("deny-ip", kPath, slot<&PathSettings::deny_ip>,
            "File of refused addresses, networks (192.0.2.0/24, 2001:db8::/32) and patterns "
            "(192.0.2.*), one per line; watched.",
            {.aliases = "ban-file banfile",
             .origin = kIcecast24,
             .example = "/etc/icecast-lb/deny.txt"}),
    element("allow-ip", kPath, slot<&PathSettings::allow_ip>,
            "File of allowed addresses, one per line; others are refused; watched.",
            {.origin = kIcecast24, .example = "/etc/icecast-lb/allow.txt"}),
    element("deny-agents", kPath, slot<&PathSettings::deny_agents>,
            "File of User-Agent patterns (*badbot*), one per line, in any case, that are answered "
            "403; watched.",
            {.origin = kKh, .example = "/etc/icecast-lb/agents.txt"}),
    element("auth-spool", kPath, slot<&PathSettings::auth_spool>,
            "File of listeners whose end must be reported to a listener_remove address, even after "
            "a crash.",
            {.reload = kRestart,
             .standard = "auth.spool in logdir",
             .example = "/var/lib/icecast-lb/auth.spool"}),
    element("state-dir", kPath, slot<&PathSettings::state_dir>,
            "Directory of data that outlives the process.",
            {.reload = kRestart,
             .standard = "$STATE_DIRECTORY, which systemd sets",
             .example = "/var/lib/icecast-lb"}),
    element("ssl-certificate", kFiles, slot<&PathSettings::ssl_certificate>,
            "PEM file of certificate, chain and, unless ssl-private-key has it, key; watched. May "
            "be repeated: SNI chooses, else the first is used; RSA and ECDSA with the same names "
            "are used together. Plain sockets accept TLS too.",
            {.aliases = "ssl_certificate tls-certificate",
             .origin = kIcecast24,
             .example = "/etc/icecast-lb/tls.pem"}),
    element("ssl-private-key", kFiles, slot<&PathSettings::ssl_private_key>,
            "PEM file of a key. May be repeated; the matching one is used.",
            {.aliases = "tls-key", .origin = kKh, .example = "/etc/icecast-lb/tls.key"}),
    element("ssl-allowed-ciphers", kText, slot<&PathSettings::ssl_allowed_ciphers>,
            "Ciphers of TLS 1.2 and 1.3 in OpenSSL's notation. Players from before 2014 may need "
            "HIGH:!aNULL.",
            {.aliases = "tls-allowed-ciphers",
             .origin = kIcecast24,
             .standard = "ECDHE+AESGCM:ECDHE+CHACHA20",
             .example = "HIGH:!aNULL"}),
    element("ssl-ticket-key", kPath, slot<&PathSettings::ssl_ticket_key>,
            "File with a secret of at least 32 bytes, shared by servers of one name: returning "
            "players resume TLS at any; watched.",
            {.standard = "the keys of <cluster><token>, else the certificate's key",
             .example = "/etc/icecast-lb/ticket.key"}),
    element("ssl-cafile", kPath, slot<&PathSettings::ssl_cafile>,
            "PEM file of root certificates for relays.",
            {.origin = kKh,
             .standard = "the system's",
             .example = "/etc/ssl/certs/ca-certificates.crt"}),
    element("mime-types", kPath, slot<&PathSettings::mime_types>, "As mime-types at the root.",
            {.origin = kIcecast25, .secondary = true, .canonical = "../mime-types"}),
    element("alias", &kAliasBlock, each_in<&PathSettings::aliases>(),
            {.aliases = "resource", .origin = kIcecast24}),
    element(
        "x-forwarded-for", kList, slot<&PathSettings::x_forwarded_for>,
        "Trusted proxies, as in deny-ip; may be repeated. Their client is the last untrusted "
        "address in X-Forwarded-For. Sockets with proxy-protocol accept only their connections.",
        {.reload = kNew, .origin = kKh, .example = "127.0.0.1"}),
    unsupported("reportxmldb", kIcecast25, "errors are answered with fixed texts"),
    element("geoipdb", kPath, slot<&PathSettings::geoipdb>,
            "MaxMind database of countries, for near nodes; watched.",
            {.origin = kIcecast25, .example = "/var/lib/GeoIP/GeoLite2-Country.mmdb"}),
    unsupported("nulldevice", kIcecast25, "/dev/null is used"),
};

}  // namespace

constinit const SchemaBlock kPathsBlock =
    block_of<PathSettings>("paths", "Files and directories.", kPaths);

}  // namespace lb
