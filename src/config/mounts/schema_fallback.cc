// Rows of <fallback-mount> of a mount.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using enum ValueKind;
using enum ReloadClass;

// A mount, or (KH) a block with the mount in it.
constexpr SchemaElement kFallback[] = {
    {.kind = kMount,
     .set_by = SetBy::kOwner,
     .slot = slot<&MountSettings::fallback_mount>,
     .reload = kSource,
     .origin = SchemaOrigin::kIcecast24,
     .example = "/silence.mp3",
     .help = "Where listeners go without a source: a mount, or a file in the webroot."},
    {.name = "mount",
     .kind = kMount,
     .set_by = SetBy::kOwner,
     .slot = slot<&MountSettings::fallback_mount>,
     .reload = kSource,
     .origin = SchemaOrigin::kKh,
     .secondary = true,
     .canonical = "..",
     .help = "The mount, written as Icecast-KH does."},
    unsupported("rate", SchemaOrigin::kKh,
                "a file is played at the rate in its name ([128]), else at its own"),
};
static_assert(all_have_set_by(kFallback));

}  // namespace

constinit const SchemaBlock kFallbackBlock{
    .name = "fallback-mount", .help = "", .elements = kFallback, .fresh = fresh<MountSettings>};

}  // namespace lb
