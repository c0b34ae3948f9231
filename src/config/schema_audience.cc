// Rows of <audience>.
#include "config/config.h"
#include "config/schema.h"
#include "config/schema_rows.h"

namespace lb {
namespace {

using enum ValueKind;

constexpr SchemaElement kReportRows[] = {
    {.name = "name",
     .kind = kText,
     .slot = slot<&AudienceReportSettings::name>,
     .origin = SchemaOrigin::kOwn,
     .example = "soundexchange",
     .help = "songs, playlist, soundexchange, or another report of /api/v1/audience."},
    {.name = "directory",
     .kind = kPath,
     .slot = slot<&AudienceReportSettings::directory>,
     .origin = SchemaOrigin::kOwn,
     .example = "/var/lib/icecast-lb/reports",
     .help = "For its files, one a month. It has to be there, and a file that is there is left as "
             "it is."},
    {.name = "day",
     .kind = kNumber,
     .slot = slot<&AudienceReportSettings::day>,
     .min = 1,
     .max = 28,
     .origin = SchemaOrigin::kOwn,
     .example = "2",
     .help = "The day of the month on which that of the month before is written."},
    {.name = "zone",
     .kind = kText,
     .slot = slot<&AudienceReportSettings::zone>,
     .origin = SchemaOrigin::kOwn,
     .example = "Europe/Berlin",
     .help = "Of the months and of the times in it."},
    {.name = "mount",
     .kind = kText,
     .slot = slot<&AudienceReportSettings::mount>,
     .origin = SchemaOrigin::kOwn,
     .standard = "all",
     .example = "/live.mp3",
     .help = "Of this mount alone."},
    {.name = "account",
     .kind = kText,
     .slot = slot<&AudienceReportSettings::account>,
     .origin = SchemaOrigin::kOwn,
     .standard = "all",
     .example = "acme",
     .help = "Of the mounts of this account alone."},
    {.name = "service",
     .kind = kText,
     .slot = slot<&AudienceReportSettings::service>,
     .origin = SchemaOrigin::kOwn,
     .example = "Acme Radio",
     .help = "Of soundexchange, which needs it: the name of the service."},
    {.name = "category",
     .kind = kText,
     .slot = slot<&AudienceReportSettings::category>,
     .origin = SchemaOrigin::kOwn,
     .standard = "A",
     .example = "A",
     .help = "Of soundexchange: the letter of the transmission category."},
    {.name = "country",
     .kind = kText,
     .slot = slot<&AudienceReportSettings::country>,
     .origin = SchemaOrigin::kOwn,
     .standard = "US",
     .example = "all",
     .help = "Of soundexchange: performances there, or all."},
};

constexpr SchemaBlock kReportBlock{
    .name = "report",
    .help = "A report of each month, which is written to a file; see doc/reports.md.",
    .elements = kReportRows,
    .fresh = fresh<AudienceReportSettings>,
    .inline_form = true};

constexpr SchemaElement kAudience[] = {
    {.name = "enabled",
     .kind = kBool,
     .slot = slot<&AudienceSettings::enabled>,
     .reload = ReloadClass::kRestart,
     .origin = SchemaOrigin::kOwn,
     .standard = "1, where the element is there",
     .example = "1",
     .help = "1: what is listened to is written down, and /api/v1/audience tells of it."},
    {.name = "database",
     .kind = kPath,
     .slot = slot<&AudienceSettings::database>,
     .reload = ReloadClass::kRestart,
     .origin = SchemaOrigin::kOwn,
     .standard = "audience.db in the state directory",
     .example = "/var/lib/icecast-lb/audience.db",
     .help = "The file of the sessions and sums, an SQLite database; on a disk of this machine."},
    {.name = "window",
     .kind = kSeconds,
     .slot = slot<&AudienceSettings::window>,
     .min = 0,
     .max = 3600,
     .reload = ReloadClass::kRestart,
     .origin = SchemaOrigin::kOwn,
     .example = "60s",
     .help = "A listener that comes back within so long goes on with its session."},
    {.name = "keep-sessions",
     .kind = kSeconds,
     .slot = slot<&AudienceSettings::keep_sessions>,
     .min = 2 * 86'400,
     .max = 3650LL * 86'400,
     .reload = ReloadClass::kRestart,
     .origin = SchemaOrigin::kOwn,
     .example = "9600h",
     .help = "Single sessions and titles are deleted after so long. The sums stay."},
    {.name = "report",
     .kind = kBlock,
     .block = &kReportBlock,
     .nest = each_in<&AudienceSettings::reports>(),
     .origin = SchemaOrigin::kOwn},
};

}  // namespace

constinit const SchemaBlock kAudienceBlock{
    .name = "audience",
    .help =
        "Which mounts were listened to, when and for how long; see doc/audience.md. It needs a "
        "state directory.",
    .elements = kAudience,
    .fresh = fresh<AudienceSettings>};

}  // namespace lb
