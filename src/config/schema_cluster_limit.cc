// Rows of <max-listeners-cluster> of a mount.
#include "config/config.h"
#include "config/schema.h"
#include "config/schema_mount_words.h"

namespace lb {
namespace {

using enum ValueKind;
using enum ReloadClass;

constexpr SchemaElement kClusterLimit[] = {
    {.kind = kNumber,
     .set_by = SetBy::kOwner,
     .slot = slot<&MountSettings::max_listeners_cluster>,
     .min = -1,
     .max = 10'000'000,
     .unset = -1,
     .reload = kSource,
     .origin = SchemaOrigin::kOwn,
     .example = "500",
     .help = "Listeners at once on all linked nodes together, exactly. The number of the node "
             "where the stream begins counts; the others have theirs from it. -1: as the default "
             "mount says, else no limit."},
    {.name = "listeners",
     .kind = kNumber,
     .set_by = SetBy::kOwner,
     .slot = slot<&MountSettings::max_listeners_cluster>,
     .min = -1,
     .max = 10'000'000,
     .unset = -1,
     .reload = kSource,
     .origin = SchemaOrigin::kOwn,
     .secondary = true,
     .canonical = "..",
     .help = "The number, where others stand beside it."},
    {.name = "over",
     .kind = kChoice,
     .set_by = SetBy::kOwner,
     .slot = slot<&MountSettings::cluster_over>,
     .choices = kOverChoices,
     .reload = kSource,
     .origin = SchemaOrigin::kOwn,
     .attribute = true,
     .example = "kick",
     .help =
         "Where there are more listeners than that, after the number was lowered or nodes were "
         "cut off: keep: they stay, and none come in until the number is right; kick: each node "
         "ends its newest ones. That of the node where the stream begins counts."},
};
static_assert(all_say_set_by(kClusterLimit));

}  // namespace

constinit const SchemaBlock kMountClusterLimitBlock{.name = "max-listeners-cluster",
                                                    .help = "",
                                                    .elements = kClusterLimit,
                                                    .fresh = fresh<MountSettings>};

}  // namespace lb
