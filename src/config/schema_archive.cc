// Rows of <archive>, at the root and in <mount>.
#include "config/config.h"
#include "config/schema.h"
#include "config/schema_rows.h"

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
     .origin = SchemaOrigin::kOwn,
     .standard = "archive in the state directory",
     .example = "/var/lib/icecast-lb/archive",
     .help =
         "Where mounts with an archive are recorded. The server makes it, must be able to "
         "write there, and takes it for itself: a second one that is given the same directory "
         "records nothing. Not in the webroot. Where no state directory is known either, nothing "
         "is recorded, and the error log says so."},
    {.name = "total-size",
     .kind = kBytes,
     .slot = slot<&ArchiveSettings::total_bytes>,
     .min = 0,
     .max = kLargestArchive,
     .origin = SchemaOrigin::kOwn,
     .example = "500g",
     .help = "What all mounts together may take; the oldest files go first. 0: not limited."},
    {.name = "min-free",
     .kind = kFraction,
     .slot = slot<&ArchiveSettings::min_free_parts>,
     .min = 0,
     .max = 10'000,
     .origin = SchemaOrigin::kOwn,
     .example = "10%",
     .help =
         "The part of the file system that stays free, as 0.1 or 10%: below it the oldest files "
         "go. 0: until it is full."},
    {.name = "readers",
     .kind = kNumber,
     .slot = slot<&ArchiveSettings::readers>,
     .min = 1,
     .max = 16,
     .reload = kRestart,
     .origin = SchemaOrigin::kOwn,
     .example = "4",
     .help = "Threads that read what is not in memory."},
    {.name = "cache-dir",
     .kind = kPath,
     .slot = slot<&ArchiveSettings::cache_dir>,
     .origin = SchemaOrigin::kOwn,
     .example = "/var/cache/icecast-lb",
     .help = "Where parts of recordings of other nodes are kept while they are played; no names "
             "appear there, and nothing stays behind. Without it: in memory."},
    {.name = "cache-size",
     .kind = kBytes,
     .slot = slot<&ArchiveSettings::cache_bytes>,
     .min = 16 << 20,
     .max = kLargestArchive,
     .origin = SchemaOrigin::kOwn,
     .example = "4g",
     .help = "What they may take. Where what is being played takes all of it, nothing else of "
             "other nodes is played."},
    {.name = "share",
     .kind = kBool,
     .slot = slot<&ArchiveSettings::share>,
     .origin = SchemaOrigin::kOwn,
     .example = "0",
     .help = "1: the nodes that this one is linked with may play what it has recorded."},
};

constexpr SchemaElement kMountArchive[] = {
    {.kind = kBool,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountArchive::enabled>,
     .reload = kSource,
     .origin = SchemaOrigin::kOwn,
     .example = "1",
     .help = "1: the mount is recorded into the directory of the archive at the root, and "
             "listeners may go back in time. Running sources are recorded from then on; switched "
             "off, recording ends at once."},
    {.name = "enabled",
     .kind = kBool,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountArchive::enabled>,
     .reload = kSource,
     .origin = SchemaOrigin::kOwn,
     .secondary = true,
     .canonical = "..",
     .help = "The same, where other elements stand beside it."},
    {.name = "retention",
     .kind = kSeconds,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountArchive::retention>,
     .min = 0,
     .max = 3'650 * 86'400,
     .origin = SchemaOrigin::kOwn,
     .example = "30d",
     .help = "Files older than this are removed; 0: never for their age."},
    {.name = "max-size",
     .kind = kBytes,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountArchive::max_bytes>,
     .min = 0,
     .max = kLargestArchive,
     .origin = SchemaOrigin::kOwn,
     .example = "50g",
     .help = "What the mount may take; its oldest files go first. 0: not limited."},
    {.name = "listeners",
     .kind = kChoice,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountArchive::listeners>,
     .choices = kListenersChoices,
     .origin = SchemaOrigin::kOwn,
     .example = "none",
     .help = "mount: those who may listen to the mount may listen to its past; none: only "
             "administrators."},
    {.name = "window",
     .kind = kSeconds,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountArchive::window>,
     .min = 0,
     .max = 3'650 * 86'400,
     .origin = SchemaOrigin::kOwn,
     .example = "24h",
     .help = "How far back listeners may go; 0: as far as there is anything. Administrators may go "
             "further."},
    {.name = "downloads",
     .kind = kNumber,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountArchive::downloads>,
     .min = 0,
     .max = 10'000,
     .origin = SchemaOrigin::kOwn,
     .example = "10",
     .help = "Files that are fetched from it at once; another one is answered 503."},
    {.name = "fill",
     .kind = kBool,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountArchive::fill>,
     .origin = SchemaOrigin::kOwn,
     .example = "1",
     .help = "1: what this node has not recorded, because it was not there, is fetched from linked "
             "nodes that have, slowly, and kept."},
};
static_assert(all_say_set_by(kMountArchive));

}  // namespace

constinit const SchemaBlock kArchiveBlock{
    .name = "archive",
    .help =
        "Mounts are recorded here, and listeners may go back in time; see doc/archive.md. "
        "Which ones: the archive of a mount.",
    .elements = kArchive,
    .fresh = fresh<ArchiveSettings>};

constinit const SchemaBlock kMountArchiveBlock{
    .name = "archive",
    .help = "Records the mount: 1, or a block with enabled in it.",
    .elements = kMountArchive,
    .fresh = fresh<MountArchive>};

}  // namespace lb
