// Rows of <max-listeners-cluster> of a mount.
#include "config/mounts/schema_mount_words.h"
#include "config/schema/schema.h"
#include "config/settings/config.h"

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
     .example = "500",
     .help = "Listeners on all linked nodes together, exactly, by the number at the source's node. "
             "-1: as the default mount, else no limit."},
    {.name = "listeners",
     .kind = kNumber,
     .set_by = SetBy::kOwner,
     .slot = slot<&MountSettings::max_listeners_cluster>,
     .min = -1,
     .max = 10'000'000,
     .unset = -1,
     .reload = kSource,
     .secondary = true,
     .canonical = "..",
     .help = "The number, where others stand beside it."},
    {.name = "over",
     .kind = kChoice,
     .set_by = SetBy::kOwner,
     .slot = slot<&MountSettings::cluster_over>,
     .choices = kOverChoices,
     .reload = kSource,
     .attribute = true,
     .example = "kick",
     .help = "What is above it, after a lower number or a split: keep lets it stay; kick ends the "
             "newest at each node."},
};
static_assert(all_have_set_by(kClusterLimit));

}  // namespace

constinit const SchemaBlock kMountClusterLimitBlock{.name = "max-listeners-cluster",
                                                    .help = "",
                                                    .elements = kClusterLimit,
                                                    .fresh = fresh<MountSettings>};

}  // namespace lb
