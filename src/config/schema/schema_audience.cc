// Rows of <audience>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr SchemaElement kReportRows[] = {
    element("name", kText, slot<&AudienceReportSettings::name>,
            "songs, playlist, soundexchange, npr, triton, or another of /api/v1/audience.",
            {.example = "soundexchange"}),
    element("directory", kPath, slot<&AudienceReportSettings::directory>,
            "An existing directory, one file per month; no file is overwritten.",
            {.example = "/var/lib/icecast-lb/reports"}),
    element("daily", kBool, slot<&AudienceReportSettings::daily>, "1: one file per day.",
            {.example = "0"}),
    element("day", kNumber, slot<&AudienceReportSettings::day>,
            "The day of the next month when it is written.", {.min = 1, .max = 28, .example = "2"}),
    element("zone", kText, slot<&AudienceReportSettings::zone>,
            "Time zone of the months and times in it.", {.example = "Europe/Berlin"}),
    element("mount", kText, slot<&AudienceReportSettings::mount>, "Only this mount.",
            {.standard = "all", .example = "/live.mp3"}),
    element("account", kText, slot<&AudienceReportSettings::account>,
            "Only mounts of this account; *: a file for each account.",
            {.standard = "all", .example = "acme"}),
    element("service", kText, slot<&AudienceReportSettings::service>,
            "For soundexchange, required: the service.", {.example = "Acme Radio"}),
    element("category", kText, slot<&AudienceReportSettings::category>,
            "For soundexchange: the letter of the transmission category.",
            {.standard = "A", .example = "A"}),
    element("country", kText, slot<&AudienceReportSettings::country>,
            "For soundexchange: performances there, or all.", {.standard = "US", .example = "all"}),
    element("columns", kText, slot<&AudienceReportSettings::columns>,
            "For playlist: other names for its columns.",
            {.example = "title:Titre,artist:Artiste"}),
};

constexpr SchemaBlock kReportBlock = block_of<AudienceReportSettings>(
    "report", "A file with a monthly report: doc/reports.md.", kReportRows, {.inline_form = true});

constexpr SchemaElement kAudience[] = {
    element("enabled", kBool, slot<&AudienceSettings::enabled>,
            "1: listening is recorded, for /api/v1/audience.",
            {.reload = kRestart, .standard = "1, if the element is present", .example = "1"}),
    element("database", kPath, slot<&AudienceSettings::database>,
            "The SQLite file, on a local disk.",
            {.reload = kRestart,
             .standard = "audience.db in the state directory",
             .example = "/var/lib/icecast-lb/audience.db"}),
    element("window", kSeconds, slot<&AudienceSettings::window>,
            "A listener that returns within this time continues its session.",
            {.max = 3600, .reload = kRestart, .example = "60s"}),
    element("keep-sessions", kSeconds, slot<&AudienceSettings::keep_sessions>,
            "Sessions and titles are deleted after this time; sums stay.",
            {.min = 2 * 86'400, .max = 3650LL * 86'400, .reload = kRestart, .example = "9600h"}),
    element("keep-addresses", kSeconds, slot<&AudienceSettings::keep_addresses>,
            "How long listeners' addresses are kept, for reports npr and triton: whole days.",
            {.max = 400LL * 86'400, .reload = kRestart, .standard = "0: never", .example = "0"}),
    element("report", &kReportBlock, each_in<&AudienceSettings::reports>()),
};

}  // namespace

constinit const SchemaBlock kAudienceBlock = block_of<AudienceSettings>(
    "audience", "Statistics of listening: doc/audience.md. They need a state directory.",
    kAudience);

}  // namespace lb
