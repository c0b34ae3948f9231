// Rows of <now>.
#include "config/config.h"
#include "config/schema.h"
#include "config/schema_rows.h"

namespace lb {
namespace {

using enum ValueKind;

constexpr SchemaElement kNow[] = {
    {.name = "max-readers",
     .kind = kNumber,
     .slot = slot<&NowSettings::max_readers>,
     .min = 0,
     .max = 1'000'000,
     .origin = SchemaOrigin::kOwn,
     .example = "20000",
     .help = "So many may read events at once (/api/v1/now/MOUNT/events), beside the listeners: "
             "they take none of the places of <clients>."},
    {.name = "per-address",
     .kind = kNumber,
     .slot = slot<&NowSettings::per_address>,
     .min = 1,
     .max = 1'000'000,
     .origin = SchemaOrigin::kOwn,
     .example = "64",
     .help = "So many of them from one address, or from a /64 of IPv6."},
};

}  // namespace

constinit const SchemaBlock kNowBlock{
    .name = "now",
    .help = "What plays now, for pages and apps of listeners; see doc/titles.md.",
    .elements = kNow,
    .fresh = fresh<NowSettings>,
    .inline_form = true};

}  // namespace lb
