// Rows of <now>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr SchemaElement kNow[] = {
    element("max-readers", kNumber, slot<&NowSettings::max_readers>,
            "Readers of /api/v1/now/MOUNT/events, besides <clients>.",
            {.max = 1'000'000, .example = "20000"}),
    element("per-address", kNumber, slot<&NowSettings::per_address>,
            "Readers from one address (IPv6: one /64).",
            {.min = 1, .max = 1'000'000, .example = "64"}),
};

}  // namespace

constinit const SchemaBlock kNowBlock =
    block_of<NowSettings>("now", "Present titles: doc/titles.md.", kNow, {.inline_form = true});

}  // namespace lb
