// Rows of <now>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using enum ValueKind;

constexpr SchemaElement kNow[] = {
    {.name = "max-readers",
     .kind = kNumber,
     .slot = slot<&NowSettings::max_readers>,
     .min = 0,
     .max = 1'000'000,
     .example = "20000",
     .help = "Readers of /api/v1/now/MOUNT/events, beside <clients>."},
    {.name = "per-address",
     .kind = kNumber,
     .slot = slot<&NowSettings::per_address>,
     .min = 1,
     .max = 1'000'000,
     .example = "64",
     .help = "Those from one address (IPv6: one /64)."},
};

}  // namespace

constinit const SchemaBlock kNowBlock{.name = "now",
                                      .help = "What plays now: doc/titles.md.",
                                      .elements = kNow,
                                      .fresh = fresh<NowSettings>,
                                      .inline_form = true};

}  // namespace lb
