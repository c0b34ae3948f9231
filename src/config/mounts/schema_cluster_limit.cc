// Rows of <max-listeners-cluster> of a mount.
#include "config/mounts/schema_mount_words.h"
#include "config/schema/schema.h"

namespace lb {
namespace {

constexpr SchemaElement kClusterLimit[] = {
    by_owner("", kNumber, slot<&MountSettings::max_listeners_cluster>,
             "Exact limit of listeners on all linked nodes together, set at the source's node. -1: "
             "as the default mount, else no limit.",
             {.min = -1, .max = 10'000'000, .unset = -1, .example = "500"}),
    by_owner("listeners", kNumber, slot<&MountSettings::max_listeners_cluster>,
             "The number, if the block has other values.",
             {.min = -1, .max = 10'000'000, .unset = -1, .secondary = true, .canonical = ".."}),
    by_owner("over", kChoice, slot<&MountSettings::cluster_over>,
             "Listeners above the number, after a change or a split: keep lets them stay; kick "
             "ends the newest at each node.",
             {.choices = kOverChoices, .attribute = true, .example = "kick"}),
};
static_assert(all_have_set_by(kClusterLimit));

}  // namespace

constinit const SchemaBlock kMountClusterLimitBlock =
    block_of<MountSettings>("max-listeners-cluster", "", kClusterLimit);

}  // namespace lb
