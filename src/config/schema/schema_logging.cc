// Rows of <logging> and <security>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using enum ValueKind;
using enum ReloadClass;

constexpr SchemaChoice kLevelChoices[] = {
    {"1", 1},    {"2", 2},       {"3", 3},    {"4", 4},           {"error", 1},
    {"warn", 2}, {"warning", 2}, {"info", 3}, {"information", 3}, {"debug", 4}};

constexpr std::int64_t kMaxLogSeconds = 366 * 86'400;

constexpr SchemaChoice kFormatChoices[] = {{"text", static_cast<std::int64_t>(LogFormat::kText)},
                                           {"json", static_cast<std::int64_t>(LogFormat::kJson)}};

// A log file is a name, or (KH) a block with the name in it.
template <auto Member>
constexpr SchemaElement log_file_text(std::string_view standard, std::string_view help) {
  return {.kind = kPath,
          .slot = slot<Member>,
          .origin = SchemaOrigin::kIcecast24,
          .standard = standard,
          .help = help};
}
template <auto Member>
constexpr SchemaElement log_file_name() {
  return {.name = "name",
          .kind = kPath,
          .slot = slot<Member>,
          .origin = SchemaOrigin::kKh,
          .secondary = true,
          .canonical = "..",
          .help = "The file's name, written as Icecast-KH does."};
}
// KH counts the size of one log in bytes, and the size of all in kilobytes.
template <auto Rules>
constexpr SchemaElement log_file_size() {
  return {.name = "size",
          .kind = kBytes,
          .slot = slot<Rules, &LogFileRules::max_bytes>,
          .min = 0,
          .max = 1LL << 40,
          .origin = SchemaOrigin::kKh,
          .standard = "as logsize",
          .example = "100m",
          .help = "Its own logsize in bytes, from 100000; to 10000: logsize."};
}
template <auto Rules>
constexpr SchemaElement log_file_duration() {
  return {.name = "duration",
          .kind = kSeconds,
          .slot = slot<Rules, &LogFileRules::max_age>,
          .min = 0,
          .max = kMaxLogSeconds,
          .origin = SchemaOrigin::kKh,
          .standard = "as logduration",
          .example = "24h",
          .help = "Its own logduration; 0: logduration."};
}
template <auto Rules>
constexpr SchemaElement log_file_archive() {
  return {.name = "archive",
          .kind = kNumber,
          .slot = slot<Rules, &LogFileRules::archive>,
          .min = -1,
          .max = 1,
          .origin = SchemaOrigin::kKh,
          .standard = "as logarchive",
          .example = "1",
          .help = "This log's own logarchive; -1: logarchive."};
}
constexpr std::string_view kNoLinesKept = "log lines are not kept in memory";

constexpr SchemaElement kAccessLog[] = {
    log_file_text<&LogSettings::access_path>("access.log",
                                             "A line for each request, when its connection ends; - "
                                             "is standard error, /dev/stdout standard output."),
    log_file_name<&LogSettings::access_path>(),
    log_file_size<&LogSettings::access_rules>(),
    log_file_duration<&LogSettings::access_rules>(),
    log_file_archive<&LogSettings::access_rules>(),
    {.name = "ip",
     .kind = kBool,
     .slot = slot<&LogSettings::access_ip>,
     .origin = SchemaOrigin::kKh,
     .secondary = true,
     .help = "As accesslog_ip."},
    unsupported("type", SchemaOrigin::kKh, "the lines are Icecast 2.4's; see accesslog-format"),
    unsupported("display", SchemaOrigin::kKh, kNoLinesKept),
    unsupported("querystr", SchemaOrigin::kKh, "what follows the ? of a request is never logged"),
    unsupported("exclude_ext", SchemaOrigin::kKh, "every request is logged"),
};
constexpr SchemaElement kErrorLog[] = {
    log_file_text<&LogSettings::error_path>(
        "error.log", "What happened, and what went wrong; - and /dev/stdout as above."),
    log_file_name<&LogSettings::error_path>(),
    log_file_size<&LogSettings::error_rules>(),
    log_file_duration<&LogSettings::error_rules>(),
    log_file_archive<&LogSettings::error_rules>(),
    {.name = "level",
     .kind = kChoice,
     .slot = slot<&LogSettings::level>,
     .choices = kLevelChoices,
     .origin = SchemaOrigin::kKh,
     .secondary = true,
     .help = "As loglevel."},
    unsupported("display", SchemaOrigin::kKh, kNoLinesKept),
};
constexpr SchemaElement kPlaylistLog[] = {
    log_file_text<&LogSettings::playlist_path>("", "A line for every new title."),
    log_file_name<&LogSettings::playlist_path>(),
    log_file_size<&LogSettings::playlist_rules>(),
    log_file_duration<&LogSettings::playlist_rules>(),
    log_file_archive<&LogSettings::playlist_rules>(),
    unsupported("display", SchemaOrigin::kKh, kNoLinesKept),
};
constinit const SchemaBlock kAccessLogBlock{
    .name = "accesslog", .help = "", .elements = kAccessLog, .fresh = fresh<LogSettings>};
constinit const SchemaBlock kErrorLogBlock{
    .name = "errorlog", .help = "", .elements = kErrorLog, .fresh = fresh<LogSettings>};
constinit const SchemaBlock kPlaylistLogBlock{
    .name = "playlistlog", .help = "", .elements = kPlaylistLog, .fresh = fresh<LogSettings>};

constexpr SchemaElement kLogging[] = {
    {.name = "accesslog",
     .kind = kBlock,
     .block = &kAccessLogBlock,
     .nest = same_object(),
     .origin = SchemaOrigin::kIcecast24},
    {.name = "errorlog",
     .kind = kBlock,
     .block = &kErrorLogBlock,
     .nest = same_object(),
     .origin = SchemaOrigin::kIcecast24},
    {.name = "playlistlog",
     .kind = kBlock,
     .block = &kPlaylistLogBlock,
     .nest = same_object(),
     .origin = SchemaOrigin::kIcecast24},
    {.name = "loglevel",
     .kind = kChoice,
     .slot = slot<&LogSettings::level>,
     .choices = kLevelChoices,
     .origin = SchemaOrigin::kIcecast24,
     .example = "3",
     .help = "1 errors, 2 also warnings, 3 also information, 4 also debugging."},
    {.name = "logsize",
     .kind = kBytes,
     .slot = slot<&LogSettings::max_bytes>,
     .min = 0,
     .max = 1 << 30,
     .scale = 1024,
     .origin = SchemaOrigin::kIcecast24,
     .standard = "1048576",
     .example = "10000",
     .help = "In KiB. A log that large becomes FILE.old; 0: never."},
    {.name = "logarchive",
     .kind = kBool,
     .slot = slot<&LogSettings::archive>,
     .origin = SchemaOrigin::kIcecast24,
     .example = "1",
     .help = "1: it becomes FILE.YYYYMMDD_HHMMSS, and nothing is overwritten."},
    {.name = "logduration",
     .kind = kSeconds,
     .slot = slot<&LogSettings::max_age>,
     .min = 0,
     .max = kMaxLogSeconds,
     .example = "24h",
     .help = "A log that old is renamed too; 0: never."},
    {.name = "accesslog-format",
     .kind = kChoice,
     .slot = slot<&LogSettings::access_format>,
     .choices = kFormatChoices,
     .example = "json",
     .help = "text: lines of Icecast 2.4; json: an object a line."},
    {.name = "playlistlog-format",
     .kind = kChoice,
     .slot = slot<&LogSettings::playlist_format>,
     .choices = kFormatChoices,
     .example = "json",
     .help = "The same for the playlist log."},
    {.name = "accesslog_ip",
     .aliases = "accesslog-ip",
     .kind = kBool,
     .slot = slot<&LogSettings::access_ip>,
     .origin = SchemaOrigin::kKh,
     .example = "0",
     .help = "0: the access log has no addresses."},
    unsupported("memorybacklog", SchemaOrigin::kIcecast25, kNoLinesKept),
    unsupported("accesslog_lines", SchemaOrigin::kKh, kNoLinesKept,
                "errorlog_lines playlistlog_lines"),
    unsupported("accesslog_exclude_ext", SchemaOrigin::kKh, "every request is logged"),
    unsupported("preroll-log", SchemaOrigin::kKh, "there is no preroll log"),
};

constexpr SchemaElement kChangeOwner[] = {
    {.name = "user",
     .kind = kText,
     .slot = slot<&SecuritySettings::user>,
     .reload = kRestart,
     .origin = SchemaOrigin::kIcecast24,
     .example = "nobody",
     .help = "The user to run as; set a group with it."},
    {.name = "group",
     .kind = kText,
     .slot = slot<&SecuritySettings::group>,
     .reload = kRestart,
     .origin = SchemaOrigin::kIcecast24,
     .example = "nogroup",
     .help = "The group to become."},
};
constinit const SchemaBlock kChangeOwnerBlock{
    .name = "changeowner",
    .help = "The user that a server started as root becomes.",
    .elements = kChangeOwner,
    .fresh = fresh<SecuritySettings>};

constexpr SchemaElement kTlsContext[] = {
    {.name = "tls-certificate",
     .kind = kFiles,
     .slot = slot<&SecuritySettings::tls_certificate>,
     .origin = SchemaOrigin::kIcecast25,
     .example = "/etc/icecast-lb/tls.pem",
     .help = "As paths/ssl-certificate."},
    {.name = "tls-key",
     .kind = kFiles,
     .slot = slot<&SecuritySettings::tls_key>,
     .origin = SchemaOrigin::kIcecast25,
     .example = "/etc/icecast-lb/tls.key",
     .help = "As paths/ssl-private-key."},
    {.name = "tls-allowed-ciphers",
     .kind = kText,
     .slot = slot<&SecuritySettings::tls_allowed_ciphers>,
     .origin = SchemaOrigin::kIcecast25,
     .standard = "OpenSSL's",
     .example = "HIGH:!aNULL",
     .help = "As paths/ssl-allowed-ciphers, which comes first."},
};
constinit const SchemaBlock kTlsContextBlock{.name = "tls-context",
                                             .help = "The certificate, as Icecast 2.5 writes it.",
                                             .elements = kTlsContext,
                                             .fresh = fresh<SecuritySettings>};

constexpr SchemaElement kConfine[] = {
    {.kind = kBool,
     .slot = slot<&SecuritySettings::confine>,
     .reload = kRestart,
     .strict = true,
     .example = "1",
     .help = "1: the process, and what it starts, opens only files that this file names and the "
             "system's directories, and has few system calls: doc/security.md."},
    {.name = "read",
     .kind = kFiles,
     .slot = slot<&SecuritySettings::confine_read>,
     .reload = kRestart,
     .example = "/srv/music",
     .help = "A directory that programs read besides; may be repeated."},
    {.name = "write",
     .kind = kFiles,
     .slot = slot<&SecuritySettings::confine_write>,
     .reload = kRestart,
     .example = "/srv/exports",
     .help = "A directory that they write besides; may be repeated."},
};
constinit const SchemaBlock kConfineBlock{
    .name = "confine",
    .help = "What the process gives up without a service manager.",
    .elements = kConfine,
    .fresh = fresh<SecuritySettings>};

constexpr SchemaElement kSecurity[] = {
    {.name = "chroot",
     .kind = kBool,
     .slot = slot<&SecuritySettings::chroot>,
     .reload = kRestart,
     .origin = SchemaOrigin::kIcecast24,
     .strict = true,
     .example = "1",
     .help = "1: paths/basedir becomes the root directory after a start as root."},
    {.name = "changeowner",
     .kind = kBlock,
     .block = &kChangeOwnerBlock,
     .nest = same_object(),
     .origin = SchemaOrigin::kIcecast24},
    {.name = "tls-context",
     .kind = kBlock,
     .block = &kTlsContextBlock,
     .nest = same_object(),
     .origin = SchemaOrigin::kIcecast25},
    {.name = "confine", .kind = kBlock, .block = &kConfineBlock, .nest = same_object()},
    unsupported("prng-seed", SchemaOrigin::kIcecast25, "the system's random numbers are used"),
};

}  // namespace

constinit const SchemaBlock kLoggingBlock{.name = "logging",
                                          .help = "The three log files.",
                                          .elements = kLogging,
                                          .fresh = fresh<LogSettings>};

constinit const SchemaBlock kSecurityBlock{.name = "security",
                                           .help = "What the process gives up after its start.",
                                           .elements = kSecurity,
                                           .fresh = fresh<SecuritySettings>};

}  // namespace lb
