// Rows of <logging> and <security>.
#include "config/config.h"
#include "config/schema.h"
#include "config/schema_rows.h"

namespace lb {
namespace {

using enum ValueKind;
using enum ReloadClass;

constexpr SchemaChoice kLevelChoices[] = {{"1", 1},           {"2", 2},    {"3", 3},       {"4", 4},
                                    {"error", 1},       {"warn", 2}, {"warning", 2}, {"info", 3},
                                    {"information", 3}, {"debug", 4}};

constexpr std::string_view kLogFileNote =
    "only the file name of a log is read; size and archive are set for all logs together";

// A log file is a name, or (KH) a block with the name in it.
template <auto Member>
constexpr SchemaElement log_file_text(std::string_view standard, std::string_view help) {
  return {.kind = kPath, .slot = slot<Member>, .standard = standard, .help = help};
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
constexpr SchemaElement kAccessLog[] = {
    log_file_text<&LogSettings::access_path>(
        "access.log", "One line for every request, when its connection ends. - is standard error."),
    log_file_name<&LogSettings::access_path>(),
    unsupported("type", SchemaOrigin::kKh, kLogFileNote,
                "archive size duration display history querystr exclude_ext level"),
};
constexpr SchemaElement kErrorLog[] = {
    log_file_text<&LogSettings::error_path>(
        "error.log", "What the server did and what went wrong. - is standard error."),
    log_file_name<&LogSettings::error_path>(),
    unsupported("type", SchemaOrigin::kKh, kLogFileNote,
                "archive size duration display history level"),
};
constexpr SchemaElement kPlaylistLog[] = {
    log_file_text<&LogSettings::playlist_path>("", "One line for every new title of a stream."),
    log_file_name<&LogSettings::playlist_path>(),
    unsupported("type", SchemaOrigin::kKh, kLogFileNote,
                "archive size duration display history level"),
};
constinit const SchemaBlock kAccessLogBlock{
    .name = "accesslog", .help = "", .elements = kAccessLog, .fresh = fresh<LogSettings>};
constinit const SchemaBlock kErrorLogBlock{
    .name = "errorlog", .help = "", .elements = kErrorLog, .fresh = fresh<LogSettings>};
constinit const SchemaBlock kPlaylistLogBlock{
    .name = "playlistlog", .help = "", .elements = kPlaylistLog, .fresh = fresh<LogSettings>};

constexpr SchemaElement kLogging[] = {
    {.name = "accesslog", .kind = kBlock, .block = &kAccessLogBlock, .nest = same_object()},
    {.name = "errorlog", .kind = kBlock, .block = &kErrorLogBlock, .nest = same_object()},
    {.name = "playlistlog", .kind = kBlock, .block = &kPlaylistLogBlock, .nest = same_object()},
    {.name = "loglevel",
     .kind = kChoice,
     .slot = slot<&LogSettings::level>,
     .choices = kLevelChoices,
     .example = "3",
     .help = "How much goes into the error log: 1 errors, 2 also warnings, 3 also information, 4 "
             "also debugging. Icecast 2.5's names (error, warning, information, debug) work too."},
    {.name = "logsize",
     .kind = kBytes,
     .slot = slot<&LogSettings::max_bytes>,
     .min = 0,
     .max = 1 << 30,
     .scale = 1024,
     .standard = "1048576",
     .example = "10000",
     .help = "In kilobytes (of 1024). A log that has grown so large is renamed to FILE.old; 0: "
             "never."},
    {.name = "logarchive",
     .kind = kBool,
     .slot = slot<&LogSettings::archive>,
     .example = "1",
     .help = "1: a large log is renamed to FILE.YYYYMMDD_HHMMSS, so that nothing is overwritten."},
    unsupported("memorybacklog", SchemaOrigin::kIcecast25, "log lines are not kept in memory"),
    unsupported("accesslog_ip", SchemaOrigin::kKh, "addresses are always logged"),
    unsupported("accesslog_lines", SchemaOrigin::kKh, "log lines are not kept in memory",
                "errorlog_lines playlistlog_lines"),
    unsupported("accesslog_exclude_ext", SchemaOrigin::kKh, "every request is logged"),
    unsupported("preroll-log", SchemaOrigin::kKh, "there is no preroll log"),
};

constexpr SchemaElement kChangeOwner[] = {
    {.name = "user",
     .kind = kText,
     .slot = slot<&SecuritySettings::user>,
     .reload = kRestart,
     .example = "nobody",
     .help = "The user to become; group must be written too."},
    {.name = "group",
     .kind = kText,
     .slot = slot<&SecuritySettings::group>,
     .reload = kRestart,
     .example = "nogroup",
     .help = "The group to become."},
};
constinit const SchemaBlock kChangeOwnerBlock{
    .name = "changeowner",
    .help =
        "Whom a server started as root becomes once its sockets are open. A server that would "
        "stay root does not start.",
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
constinit const SchemaBlock kTlsContextBlock{
    .name = "tls-context",
    .help = "The certificate, as Icecast 2.5 writes it.",
    .elements = kTlsContext,
    .fresh = fresh<SecuritySettings>};

constexpr SchemaElement kSecurity[] = {
    {.name = "chroot",
     .kind = kBool,
     .slot = slot<&SecuritySettings::chroot>,
     .reload = kRestart,
     .strict = true,
     .example = "1",
     .help = "1: paths/basedir becomes the root directory after start; needs to be started as "
             "root. All other paths are then inside it."},
    {.name = "changeowner", .kind = kBlock, .block = &kChangeOwnerBlock, .nest = same_object()},
    {.name = "tls-context",
     .kind = kBlock,
     .block = &kTlsContextBlock,
     .nest = same_object(),
     .origin = SchemaOrigin::kIcecast25},
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
