// Rows of <listen-socket>, <http-headers> and <directory>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr SchemaChoice kTlsChoices[] = {
    {"none", 0}, {"rfc2818", 1}, {"auto-no-plain", 1}, {"auto", 0}, {"rfc2817", 0}};

constexpr SchemaElement kListen[] = {
    element(
        "port", kNumber, slot<&ListenSettings::port>, "The TCP port; 0 lets the system choose one.",
        {.max = 65'535, .reload = kLive, .origin = kIcecast24, .strict = true, .example = "8000"}),
    element("bind-address", kHost, slot<&ListenSettings::bind_address>,
            "Default: every IPv4 address; ::, IPv6 too.",
            {.reload = kLive, .origin = kIcecast24, .example = "127.0.0.1"}),
    element("ssl", kBool, slot<&ListenSettings::tls>,
            "1: TLS only; closed without a paths/ssl-certificate. 0: plain HTTP, with a "
            "certificate also TLS. Icecast 2.5's tls may be none, auto or rfc2818.",
            {.aliases = "tls",
             .choices = kTlsChoices,
             .reload = kNew,
             .origin = kIcecast24,
             .strict = true,
             .example = "1"}),
    element("proxy-protocol", kBool, slot<&ListenSettings::proxy_protocol>,
            "1: connections begin with a PROXY header (version 1 or 2); others are dropped.",
            {.reload = kNew, .strict = true, .example = "1"}),
    element("shoutcast-compat", kBool, slot<&ListenSettings::shoutcast_compat>,
            "1: only Shoutcast sources (a password line first).",
            {.reload = kNew, .origin = kIcecast24, .example = "1"}),
    element("shoutcast-mount", kMount, slot<&ListenSettings::shoutcast_mount>,
            "The mount of Shoutcast sources; without shoutcast-compat the next port is opened for "
            "them.",
            {.reload = kNew, .origin = kIcecast24, .example = "/live.nsv"}),
    element("so-sndbuf", kBytes, slot<&ListenSettings::so_sndbuf_bytes>,
            "Send buffer of a connection; 0: the system decides.",
            {.max = 1 << 30, .reload = kNew, .origin = kIcecast24, .example = "65536"}),
    element("queue-len", kNumber, slot<&ListenSettings::backlog>,
            "Connections waiting to be accepted.",
            {.aliases = "listen-backlog",
             .min = 1,
             .max = 65'535,
             .reload = kNew,
             .origin = kKh,
             .example = "4096"}),
    unsupported("so-mss", kKh, "the system's TCP segment size is used"),
    unsupported("id", kIcecast25, "sockets have no names"),
    unsupported("type", kIcecast25, "there are no virtual sockets; the socket is a normal one"),
    unsupported("on-behalf-of", kIcecast25, "there are no virtual sockets"),
    unsupported("authentication", kIcecast25, "a socket has no authentication of its own"),
    unsupported("http-headers", kIcecast25,
                "a socket has no headers of its own; use the http-headers of the root"),
};

constexpr SchemaChoice kHeaderTypes[] = {{"static", 0}, {"cors", 0}};
constexpr SchemaElement kHeader[] = {
    element("name", kText, slot<&HttpHeader::name>, "The header's name.",
            {.set_by = kAdmin,
             .reload = kNew,
             .origin = kIcecast24,
             .example = "Access-Control-Allow-Origin"}),
    element("value", kText, slot<&HttpHeader::value>, "The header's value.",
            {.set_by = kAdmin, .reload = kNew, .origin = kIcecast24, .example = "*"}),
    element("status", kNumber, slot<&HttpHeader::status>,
            "Only on replies with this status; 0: on all.",
            {.set_by = kAdmin, .max = 599, .reload = kNew, .origin = kIcecast24, .example = "404"}),
    element("type", kChoice, no_value, "static, or Icecast 2.5's cors; both mean the same here.",
            {.set_by = kAdmin,
             .choices = kHeaderTypes,
             .origin = kIcecast24,
             .secondary = true,
             .lenient = true,
             .standard = "static"}),
};
static_assert(all_have_set_by(kHeader));
constinit const SchemaBlock kHeaderBlock = block_of<HttpHeader>(
    "header", "One header. Written with attributes.", kHeader, {.inline_form = true});

using HttpHeaders = std::vector<HttpHeader>;
constexpr SchemaElement kHeaders[] = {
    element(
        "header", &kHeaderBlock,
        {[](void* parent) -> void* { return &static_cast<HttpHeaders*>(parent)->emplace_back(); },
         [](const void* parent) { return static_cast<const HttpHeaders*>(parent)->size(); },
         [](const void* parent, std::size_t index) -> const void* {
           return &(*static_cast<const HttpHeaders*>(parent))[index];
         },
         true},
        {.set_by = kAdmin, .reload = kNew, .origin = kIcecast24}),
};
static_assert(all_have_set_by(kHeaders));

constexpr SchemaElement kDirectory[] = {
    element(
        "yp-url", kText, slot<&DirectorySettings::url>,
        "The directory's address; attribute url in Icecast 2.5's yp-directory.",
        {.aliases = "url", .origin = kIcecast24, .example = "https://dir.xiph.org/cgi-bin/yp-cgi"}),
    element("yp-url-timeout", kSeconds, slot<&DirectorySettings::timeout>,
            "Maximum time for an answer.",
            {.aliases = "timeout",
             .min = 1,
             .max = 10,
             .origin = kIcecast24,
             .lenient = true,
             .example = "6"}),
    // As in Icecast, less than 30 s is 30 s (admin/directory/yp.h), not the default.
    element("touch-interval", kSeconds, slot<&DirectorySettings::touch_interval>,
            "Time between announcements, unless the directory sets it.",
            {.min = 1, .max = 86'400, .origin = kIcecast24, .lenient = true, .example = "600"}),
    element("server", kNothing, nullptr, "Has no effect, as in Icecast 2.4.",
            {.aliases = "host", .origin = kIcecast24, .support = kQuiet}),
    element("option", kNamed, nullptr,
            "Icecast 2.5's way to write timeout and touch-interval: name=\"timeout\" value=\"6\".",
            {.origin = kIcecast25}),
};

}  // namespace

constinit const SchemaBlock kListenBlock = block_of<ListenSettings>(
    "listen-socket", "An address and port. May be repeated; without one, port 8000.", kListen);

constinit const SchemaBlock kHeadersBlock = block_of<HttpHeaders>(
    "http-headers", "Headers of replies: at the root, of all; in a mount, of its streams.",
    kHeaders);

constinit const SchemaBlock kDirectoryBlock = block_of<DirectorySettings>(
    "directory", "A public directory (YP) of streams with public 1. May be repeated.", kDirectory);

}  // namespace lb
