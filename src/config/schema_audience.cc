// Rows of <audience>.
#include "config/config.h"
#include "config/schema.h"
#include "config/schema_rows.h"

namespace lb {
namespace {

using enum ValueKind;

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
