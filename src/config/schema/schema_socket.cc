// Rows of <listen-socket>, <http-headers> and <directory>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using enum ValueKind;
using enum ReloadClass;

constexpr SchemaChoice kTlsChoices[] = {
    {"none", 0}, {"rfc2818", 1}, {"auto-no-plain", 1}, {"auto", 0}, {"rfc2817", 0}};

constexpr SchemaElement kListen[] = {
    {.name = "port",
     .kind = kNumber,
     .slot = slot<&ListenSettings::port>,
     .min = 0,
     .max = 65'535,
     .reload = kLive,
     .origin = SchemaOrigin::kIcecast24,
     .strict = true,
     .example = "8000",
     .help = "The TCP port; 0 lets the system choose one."},
    {.name = "bind-address",
     .kind = kHost,
     .slot = slot<&ListenSettings::bind_address>,
     .reload = kLive,
     .origin = SchemaOrigin::kIcecast24,
     .example = "127.0.0.1",
     .help = "Without it every IPv4 address; ::, IPv6 too."},
    {.name = "ssl",
     .aliases = "tls",
     .kind = kBool,
     .slot = slot<&ListenSettings::tls>,
     .choices = kTlsChoices,
     .reload = kNew,
     .origin = SchemaOrigin::kIcecast24,
     .strict = true,
     .example = "1",
     .help = "1: TLS only; closed without a paths/ssl-certificate. 0: both, with one. Icecast "
             "2.5's tls has none, auto and rfc2818."},
    {.name = "proxy-protocol",
     .kind = kBool,
     .slot = slot<&ListenSettings::proxy_protocol>,
     .reload = kNew,
     .strict = true,
     .example = "1",
     .help = "1: connections begin with a PROXY header (version 1 or 2); others are dropped."},
    {.name = "shoutcast-compat",
     .kind = kBool,
     .slot = slot<&ListenSettings::shoutcast_compat>,
     .reload = kNew,
     .origin = SchemaOrigin::kIcecast24,
     .example = "1",
     .help = "1: Shoutcast sources (a password line first) only."},
    {.name = "shoutcast-mount",
     .kind = kMount,
     .slot = slot<&ListenSettings::shoutcast_mount>,
     .reload = kNew,
     .origin = SchemaOrigin::kIcecast24,
     .example = "/live.nsv",
     .help = "The mount of Shoutcast sources; without shoutcast-compat the next port is opened for "
             "them."},
    {.name = "so-sndbuf",
     .kind = kBytes,
     .slot = slot<&ListenSettings::so_sndbuf_bytes>,
     .min = 0,
     .max = 1 << 30,
     .reload = kNew,
     .origin = SchemaOrigin::kIcecast24,
     .example = "65536",
     .help = "Send buffer of a connection; 0: the system decides."},
    {.name = "queue-len",
     .aliases = "listen-backlog",
     .kind = kNumber,
     .slot = slot<&ListenSettings::backlog>,
     .min = 1,
     .max = 65'535,
     .reload = kNew,
     .origin = SchemaOrigin::kKh,
     .example = "4096",
     .help = "Connections waiting to be accepted."},
    unsupported("so-mss", SchemaOrigin::kKh, "the system's TCP segment size is used"),
    unsupported("id", SchemaOrigin::kIcecast25, "sockets have no names"),
    unsupported("type", SchemaOrigin::kIcecast25,
                "there are no virtual sockets; the socket is a normal one"),
    unsupported("on-behalf-of", SchemaOrigin::kIcecast25, "there are no virtual sockets"),
    unsupported("authentication", SchemaOrigin::kIcecast25,
                "a socket has no authentication of its own"),
    unsupported("http-headers", SchemaOrigin::kIcecast25,
                "a socket has no headers of its own; use the http-headers of the root"),
};

constexpr SchemaChoice kHeaderTypes[] = {{"static", 0}, {"cors", 0}};
constexpr SchemaElement kHeader[] = {
    {.name = "name",
     .kind = kText,
     .set_by = SetBy::kAdmin,
     .slot = slot<&HttpHeader::name>,
     .reload = kNew,
     .origin = SchemaOrigin::kIcecast24,
     .example = "Access-Control-Allow-Origin",
     .help = "The header's name."},
    {.name = "value",
     .kind = kText,
     .set_by = SetBy::kAdmin,
     .slot = slot<&HttpHeader::value>,
     .reload = kNew,
     .origin = SchemaOrigin::kIcecast24,
     .example = "*",
     .help = "The header's value."},
    {.name = "status",
     .kind = kNumber,
     .set_by = SetBy::kAdmin,
     .slot = slot<&HttpHeader::status>,
     .min = 0,
     .max = 599,
     .reload = kNew,
     .origin = SchemaOrigin::kIcecast24,
     .example = "404",
     .help = "Only on replies with this status; 0: on all."},
    {.name = "type",
     .kind = kChoice,
     .set_by = SetBy::kAdmin,
     .slot = no_value,
     .choices = kHeaderTypes,
     .origin = SchemaOrigin::kIcecast24,
     .secondary = true,
     .lenient = true,
     .standard = "static",
     .help = "static, or Icecast 2.5's cors; both mean the same here."},
};
static_assert(all_have_set_by(kHeader));
constinit const SchemaBlock kHeaderBlock{.name = "header",
                                         .help = "One header. Written with attributes.",
                                         .elements = kHeader,
                                         .fresh = fresh<HttpHeader>,
                                         .inline_form = true};

using HttpHeaders = std::vector<HttpHeader>;
constexpr SchemaElement kHeaders[] = {
    {.name = "header",
     .kind = kBlock,
     .set_by = SetBy::kAdmin,
     .block = &kHeaderBlock,
     .nest = {
         [](void* parent) -> void* { return &static_cast<HttpHeaders*>(parent)->emplace_back(); },
         [](const void* parent) { return static_cast<const HttpHeaders*>(parent)->size(); },
         [](const void* parent, std::size_t index) -> const void* {
           return &(*static_cast<const HttpHeaders*>(parent))[index];
         },
         true},
     .reload = kNew,
     .origin = SchemaOrigin::kIcecast24},
};
static_assert(all_have_set_by(kHeaders));

constexpr SchemaElement kDirectory[] = {
    {.name = "yp-url",
     .aliases = "url",
     .kind = kText,
     .slot = slot<&DirectorySettings::url>,
     .origin = SchemaOrigin::kIcecast24,
     .example = "https://dir.xiph.org/cgi-bin/yp-cgi",
     .help = "The directory's address; in yp-directory of Icecast 2.5 the attribute url."},
    {.name = "yp-url-timeout",
     .aliases = "timeout",
     .kind = kSeconds,
     .slot = slot<&DirectorySettings::timeout>,
     .min = 1,
     .max = 10,
     .origin = SchemaOrigin::kIcecast24,
     .lenient = true,
     .example = "6",
     .help = "How long an answer may take."},
    {.name = "touch-interval",
     .kind = kSeconds,
     .slot = slot<&DirectorySettings::touch_interval>,
     .min = 30,
     .max = 86'400,
     .origin = SchemaOrigin::kIcecast24,
     .lenient = true,
     .example = "600",
     .help = "Time between announcements, unless the directory says."},
    {.name = "server",
     .aliases = "host",
     .kind = kNothing,
     .origin = SchemaOrigin::kIcecast24,
     .support = SchemaSupport::kQuiet,
     .help = "Has no effect, as in Icecast 2.4."},
    {.name = "option",
     .kind = kNamed,
     .origin = SchemaOrigin::kIcecast25,
     .help =
         "Icecast 2.5's way to write timeout and touch-interval: name=\"timeout\" value=\"6\"."},
};

}  // namespace

constinit const SchemaBlock kListenBlock{
    .name = "listen-socket",
    .help = "An address and port. May be repeated; without any, port 8000.",
    .elements = kListen,
    .fresh = fresh<ListenSettings>};

constinit const SchemaBlock kHeadersBlock{
    .name = "http-headers",
    .help = "Headers of replies: at the root of all, in a mount of its streams.",
    .elements = kHeaders,
    .fresh = fresh<HttpHeaders>};

constinit const SchemaBlock kDirectoryBlock{
    .name = "directory",
    .help = "A public directory (YP) of streams with public 1. May be repeated.",
    .elements = kDirectory,
    .fresh = fresh<DirectorySettings>};

}  // namespace lb
