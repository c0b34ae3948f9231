// Rows of <fallback-mount> of a mount.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

// A mount, or in Icecast-KH a block that has the mount.
constexpr SchemaElement kFallback[] = {
    by_owner("", kMount, slot<&MountSettings::fallback_mount>,
             "Where listeners move without a source: a mount, or a file in the webroot.",
             {.origin = kIcecast24, .example = "/silence.mp3"}),
    by_owner("mount", kMount, slot<&MountSettings::fallback_mount>,
             "The mount, written as Icecast-KH does.",
             {.origin = kKh, .secondary = true, .canonical = ".."}),
    unsupported("rate", kKh, "a file is played at the rate in its name ([128]), else at its own"),
};
static_assert(all_have_set_by(kFallback));

}  // namespace

constinit const SchemaBlock kFallbackBlock =
    block_of<MountSettings>("fallback-mount", "", kFallback);

}  // namespace lb
