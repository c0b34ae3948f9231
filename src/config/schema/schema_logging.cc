// Rows of <logging> and <security>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr SchemaChoice kLevelChoices[] = {
    {"1", 1},    {"2", 2},       {"3", 3},    {"4", 4},           {"error", 1},
    {"warn", 2}, {"warning", 2}, {"info", 3}, {"information", 3}, {"debug", 4}};

constexpr std::int64_t kMaxLogSeconds = 366 * 86'400;

constexpr SchemaChoice kFormatChoices[] = {{"text", LogFormat::kText}, {"json", LogFormat::kJson}};

// A log file is a name, or in Icecast-KH a block that has the name.
template <auto Member>
constexpr SchemaElement log_file_text(std::string_view standard, std::string_view help) {
  return element("", kPath, slot<Member>, help, {.origin = kIcecast24, .standard = standard});
}
template <auto Member>
constexpr SchemaElement log_file_name() {
  return element("name", kPath, slot<Member>, "The file's name, in Icecast-KH's form.",
                 {.origin = kKh, .secondary = true, .canonical = ".."});
}
// Icecast-KH counts the size of one log in bytes, and the common size in kilobytes.
template <auto Rules>
constexpr SchemaElement log_file_size() {
  return element("size", kBytes, slot<Rules, &LogFileRules::max_bytes>,
                 "Its own logsize in bytes, at least 100000; up to 10000: logsize.",
                 {.max = 1LL << 40, .origin = kKh, .standard = "as logsize", .example = "100m"});
}
template <auto Rules>
constexpr SchemaElement log_file_duration() {
  return element(
      "duration", kSeconds, slot<Rules, &LogFileRules::max_age>,
      "Its own logduration; 0: logduration.",
      {.max = kMaxLogSeconds, .origin = kKh, .standard = "as logduration", .example = "24h"});
}
template <auto Rules>
constexpr SchemaElement log_file_archive() {
  return element("archive", kNumber, slot<Rules, &LogFileRules::archive>,
                 "This log's own logarchive; -1: logarchive.",
                 {.min = -1, .max = 1, .origin = kKh, .standard = "as logarchive", .example = "1"});
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
    element("ip", kBool, slot<&LogSettings::access_ip>, "As accesslog_ip.",
            {.origin = kKh, .secondary = true}),
    unsupported("type", kKh, "the lines are Icecast 2.4's; see accesslog-format"),
    unsupported("display", kKh, kNoLinesKept),
    unsupported("querystr", kKh, "what follows the ? of a request is never logged"),
    unsupported("exclude_ext", kKh, "every request is logged"),
};
constexpr SchemaElement kErrorLog[] = {
    log_file_text<&LogSettings::error_path>("error.log",
                                            "Events and errors; - and /dev/stdout as above."),
    log_file_name<&LogSettings::error_path>(),
    log_file_size<&LogSettings::error_rules>(),
    log_file_duration<&LogSettings::error_rules>(),
    log_file_archive<&LogSettings::error_rules>(),
    element("level", kChoice, slot<&LogSettings::level>, "As loglevel.",
            {.choices = kLevelChoices, .origin = kKh, .secondary = true}),
    unsupported("display", kKh, kNoLinesKept),
};
constexpr SchemaElement kPlaylistLog[] = {
    log_file_text<&LogSettings::playlist_path>("", "A line for every new title."),
    log_file_name<&LogSettings::playlist_path>(),
    log_file_size<&LogSettings::playlist_rules>(),
    log_file_duration<&LogSettings::playlist_rules>(),
    log_file_archive<&LogSettings::playlist_rules>(),
    unsupported("display", kKh, kNoLinesKept),
};
constinit const SchemaBlock kAccessLogBlock = block_of<LogSettings>("accesslog", "", kAccessLog);
constinit const SchemaBlock kErrorLogBlock = block_of<LogSettings>("errorlog", "", kErrorLog);
constinit const SchemaBlock kPlaylistLogBlock =
    block_of<LogSettings>("playlistlog", "", kPlaylistLog);

constexpr SchemaElement kLogging[] = {
    element("accesslog", &kAccessLogBlock, same_object(), {.origin = kIcecast24}),
    element("errorlog", &kErrorLogBlock, same_object(), {.origin = kIcecast24}),
    element("playlistlog", &kPlaylistLogBlock, same_object(), {.origin = kIcecast24}),
    element("loglevel", kChoice, slot<&LogSettings::level>,
            "1 errors, 2 also warnings, 3 also information, 4 also debugging.",
            {.choices = kLevelChoices, .origin = kIcecast24, .example = "3"}),
    element("logsize", kBytes, slot<&LogSettings::max_bytes>,
            "In KiB: at this size a log is renamed FILE.old; 0: never.",
            {.max = 1 << 30,
             .scale = 1024,
             .origin = kIcecast24,
             .standard = "1048576",
             .example = "10000"}),
    element("logarchive", kBool, slot<&LogSettings::archive>,
            "1: it is renamed FILE.YYYYMMDD_HHMMSS, and no file is overwritten.",
            {.origin = kIcecast24, .example = "1"}),
    element("logduration", kSeconds, slot<&LogSettings::max_age>,
            "At this age a log is renamed too; 0: never.",
            {.max = kMaxLogSeconds, .example = "24h"}),
    element("accesslog-format", kChoice, slot<&LogSettings::access_format>,
            "text: lines of Icecast 2.4; json: one object per line.",
            {.choices = kFormatChoices, .example = "json"}),
    element("playlistlog-format", kChoice, slot<&LogSettings::playlist_format>,
            "The same for the playlist log.", {.choices = kFormatChoices, .example = "json"}),
    element("accesslog_ip", kBool, slot<&LogSettings::access_ip>,
            "0: the access log has no addresses.",
            {.aliases = "accesslog-ip", .origin = kKh, .example = "0"}),
    unsupported("memorybacklog", kIcecast25, kNoLinesKept),
    unsupported("accesslog_lines", kKh, kNoLinesKept, "errorlog_lines playlistlog_lines"),
    unsupported("accesslog_exclude_ext", kKh, "every request is logged"),
    unsupported("preroll-log", kKh, "there is no preroll log"),
};

constexpr SchemaElement kChangeOwner[] = {
    element("user", kText, slot<&SecuritySettings::user>,
            "The system user of the server's process; set a group too.",
            {.reload = kRestart, .origin = kIcecast24, .example = "nobody"}),
    element("group", kText, slot<&SecuritySettings::group>, "The group.",
            {.reload = kRestart, .origin = kIcecast24, .example = "nogroup"}),
};
constinit const SchemaBlock kChangeOwnerBlock = block_of<SecuritySettings>(
    "changeowner", "User and group of a server started as root.", kChangeOwner);

constexpr SchemaElement kTlsContext[] = {
    element("tls-certificate", kFiles, slot<&SecuritySettings::tls_certificate>,
            "As paths/ssl-certificate.",
            {.origin = kIcecast25, .example = "/etc/icecast-lb/tls.pem"}),
    element("tls-key", kFiles, slot<&SecuritySettings::tls_key>, "As paths/ssl-private-key.",
            {.origin = kIcecast25, .example = "/etc/icecast-lb/tls.key"}),
    element("tls-allowed-ciphers", kText, slot<&SecuritySettings::tls_allowed_ciphers>,
            "As paths/ssl-allowed-ciphers, which has priority.",
            {.origin = kIcecast25, .standard = "OpenSSL's", .example = "HIGH:!aNULL"}),
};
constinit const SchemaBlock kTlsContextBlock = block_of<SecuritySettings>(
    "tls-context", "The certificate, in Icecast 2.5's form.", kTlsContext);

constexpr SchemaElement kConfine[] = {
    element("", kBool, slot<&SecuritySettings::confine>,
            "1: the process and its programs open only files named here and the system's "
            "directories, and have few system calls: doc/security.md.",
            {.reload = kRestart, .strict = true, .example = "1"}),
    element("read", kFiles, slot<&SecuritySettings::confine_read>,
            "Another directory that programs read; may be repeated.",
            {.reload = kRestart, .example = "/srv/music"}),
    element("write", kFiles, slot<&SecuritySettings::confine_write>,
            "Another directory that they write; may be repeated.",
            {.reload = kRestart, .example = "/srv/exports"}),
};
constinit const SchemaBlock kConfineBlock = block_of<SecuritySettings>(
    "confine", "Rights that the process gives up without a service manager.", kConfine);

constexpr SchemaElement kSecurity[] = {
    element("chroot", kBool, slot<&SecuritySettings::chroot>,
            "1: paths/basedir becomes the root directory after a start as root.",
            {.reload = kRestart, .origin = kIcecast24, .strict = true, .example = "1"}),
    element("changeowner", &kChangeOwnerBlock, same_object(), {.origin = kIcecast24}),
    element("tls-context", &kTlsContextBlock, same_object(), {.origin = kIcecast25}),
    element("confine", &kConfineBlock, same_object()),
    unsupported("prng-seed", kIcecast25, "the system's random numbers are used"),
};

}  // namespace

constinit const SchemaBlock kLoggingBlock =
    block_of<LogSettings>("logging", "The three log files.", kLogging);

constinit const SchemaBlock kSecurityBlock = block_of<SecuritySettings>(
    "security", "Rights that the process gives up after its start.", kSecurity);

}  // namespace lb
