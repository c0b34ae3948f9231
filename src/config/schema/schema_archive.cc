// Rows of <archive>, at the root and in <mount>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using enum ValueKind;
using enum ReloadClass;

constexpr std::int64_t kLargestArchive = std::int64_t{1} << 60;

constexpr SchemaChoice kListenersChoices[] = {
    {"mount", static_cast<std::int64_t>(ArchiveListeners::kMount)},
    {"none", static_cast<std::int64_t>(ArchiveListeners::kNone)}};

constexpr SchemaElement kArchive[] = {
    {.name = "dir",
     .kind = kPath,
     .slot = slot<&ArchiveSettings::dir>,
     .reload = kRestart,
     .standard = "archive in the state directory",
     .example = "/var/lib/icecast-lb/archive",
     .help = "Directory of recordings, outside the webroot, for one server."},
    {.name = "total-size",
     .kind = kBytes,
     .slot = slot<&ArchiveSettings::total_bytes>,
     .min = 0,
     .max = kLargestArchive,
     .example = "500g",
     .help = "Size of all recordings; the oldest files go first; 0: no limit."},
    {.name = "min-free",
     .kind = kFraction,
     .slot = slot<&ArchiveSettings::min_free_parts>,
     .min = 0,
     .max = 10'000,
     .example = "10%",
     .help = "The part of the file system kept free: below it the oldest files go."},
    {.name = "readers",
     .kind = kNumber,
     .slot = slot<&ArchiveSettings::readers>,
     .min = 1,
     .max = 16,
     .reload = kRestart,
     .example = "4",
     .help = "Threads that read what is not in memory."},
    {.name = "cache-dir",
     .kind = kPath,
     .slot = slot<&ArchiveSettings::cache_dir>,
     .example = "/var/cache/icecast-lb",
     .help = "Where parts of other nodes' recordings are kept while they play; without it memory."},
    {.name = "cache-size",
     .kind = kBytes,
     .slot = slot<&ArchiveSettings::cache_bytes>,
     .min = 16 << 20,
     .max = kLargestArchive,
     .example = "4g",
     .help = "Their size; while it is full of what plays, nothing else of other nodes does."},
    {.name = "share",
     .kind = kBool,
     .slot = slot<&ArchiveSettings::share>,
     .example = "0",
     .help = "1: linked nodes may play these recordings."},
};

constexpr SchemaElement kMountArchive[] = {
    {.kind = kBool,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountArchive::enabled>,
     .reload = kSource,
     .example = "1",
     .help = "1: the mount is recorded, and listeners may go back in time."},
    {.name = "enabled",
     .kind = kBool,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountArchive::enabled>,
     .reload = kSource,
     .secondary = true,
     .canonical = "..",
     .help = "The same, where other elements stand beside it."},
    {.name = "retention",
     .kind = kSeconds,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountArchive::retention>,
     .min = 0,
     .max = 3'650 * 86'400,
     .example = "30d",
     .help = "Older files are removed; 0: never for their age."},
    {.name = "max-size",
     .kind = kBytes,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountArchive::max_bytes>,
     .min = 0,
     .max = kLargestArchive,
     .example = "50g",
     .help = "Size of its recordings; the oldest files go first; 0: no limit."},
    {.name = "listeners",
     .kind = kChoice,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountArchive::listeners>,
     .choices = kListenersChoices,
     .example = "none",
     .help = "mount: all listeners of the mount; none: administrators."},
    {.name = "window",
     .kind = kSeconds,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountArchive::window>,
     .min = 0,
     .max = 3'650 * 86'400,
     .example = "24h",
     .help = "How far back listeners may go; 0: to the first recording."},
    {.name = "downloads",
     .kind = kNumber,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountArchive::downloads>,
     .min = 0,
     .max = 10'000,
     .example = "10",
     .help = "Downloads at once; more are answered 503."},
    {.name = "fill",
     .kind = kBool,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountArchive::fill>,
     .example = "1",
     .help = "1: what this node missed is fetched from linked nodes, and kept."},
};
static_assert(all_have_set_by(kMountArchive));

}  // namespace

constinit const SchemaBlock kArchiveBlock{
    .name = "archive",
    .help = "Recordings: doc/archive.md. The archive of a mount says which.",
    .elements = kArchive,
    .fresh = fresh<ArchiveSettings>};

constinit const SchemaBlock kMountArchiveBlock{
    .name = "archive",
    .help = "Records the mount: 1, or a block with enabled in it.",
    .elements = kMountArchive,
    .fresh = fresh<MountArchive>};

}  // namespace lb
