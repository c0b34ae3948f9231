// Rows of <archive>, at the root and in <mount>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr std::int64_t kLargestArchive = std::int64_t{1} << 60;

constexpr SchemaChoice kListenersChoices[] = {{"mount", ArchiveListeners::kMount},
                                              {"none", ArchiveListeners::kNone}};

constexpr SchemaElement kArchive[] = {
    element("dir", kPath, slot<&ArchiveSettings::dir>,
            "Directory of recordings, outside the webroot, for one server.",
            {.reload = kRestart,
             .standard = "archive in the state directory",
             .example = "/var/lib/icecast-lb/archive"}),
    element("total-size", kBytes, slot<&ArchiveSettings::total_bytes>,
            "Size of all recordings; the oldest files are removed first; 0: no limit.",
            {.max = kLargestArchive, .example = "500g"}),
    element("min-free", kFraction, slot<&ArchiveSettings::min_free_parts>,
            "Part of the file system kept free: below it the oldest files are removed.",
            {.max = 10'000, .example = "10%"}),
    element("readers", kNumber, slot<&ArchiveSettings::readers>,
            "Threads that read recordings not in memory.",
            {.min = 1, .max = 16, .reload = kRestart, .example = "4"}),
    element("cache-dir", kPath, slot<&ArchiveSettings::cache_dir>,
            "Directory for parts of other nodes' recordings while they play; default: memory.",
            {.example = "/var/cache/icecast-lb"}),
    element("cache-size", kBytes, slot<&ArchiveSettings::cache_bytes>,
            "Size of these parts; while playing ones fill it, no others play.",
            {.min = 16 << 20, .max = kLargestArchive, .example = "4g"}),
    element("share", kBool, slot<&ArchiveSettings::share>,
            "1: linked nodes may play these recordings.", {.example = "0"}),
};

constexpr SchemaElement kMountArchive[] = {
    element("", kBool, slot<&MountArchive::enabled>,
            "1: the mount is recorded, and listeners may go back in time.",
            {.set_by = kAdmin, .reload = kSource, .example = "1"}),
    element("enabled", kBool, slot<&MountArchive::enabled>,
            "The same, if the block has other elements.",
            {.set_by = kAdmin, .reload = kSource, .secondary = true, .canonical = ".."}),
    element("retention", kSeconds, slot<&MountArchive::retention>,
            "Older files are removed; 0: no limit of age.",
            {.set_by = kAdmin, .max = 3'650 * 86'400, .example = "30d"}),
    element("max-size", kBytes, slot<&MountArchive::max_bytes>,
            "Size of its recordings; the oldest files are removed first; 0: no limit.",
            {.set_by = kAdmin, .max = kLargestArchive, .example = "50g"}),
    element("listeners", kChoice, slot<&MountArchive::listeners>,
            "mount: all listeners of the mount may play recordings; none: only administrators.",
            {.set_by = kAdmin, .choices = kListenersChoices, .example = "none"}),
    element("window", kSeconds, slot<&MountArchive::window>,
            "How far back listeners may go; 0: to the first recording.",
            {.set_by = kAdmin, .max = 3'650 * 86'400, .example = "24h"}),
    element("downloads", kNumber, slot<&MountArchive::downloads>,
            "Simultaneous downloads; further ones are answered 503.",
            {.set_by = kAdmin, .max = 10'000, .example = "10"}),
    element("fill", kBool, slot<&MountArchive::fill>,
            "1: missed parts are fetched from linked nodes, and kept.",
            {.set_by = kAdmin, .example = "1"}),
};
static_assert(all_have_set_by(kMountArchive));

}  // namespace

constinit const SchemaBlock kArchiveBlock = block_of<ArchiveSettings>(
    "archive", "Recordings: doc/archive.md. The archive of a mount enables them.", kArchive);

constinit const SchemaBlock kMountArchiveBlock = block_of<MountArchive>(
    "archive", "Records the mount: 1, or a block with enabled.", kMountArchive);

}  // namespace lb
