// Rows of <metrics>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr SchemaElement kMetrics[] = {
    {.name = "allow",
     .kind = ValueKind::kList,
     .slot = slot<&MetricsSettings::allow>,
     .standard = "127.0.0.0/8 ::1",
     .example = "10.0.0.0/8",
     .help =
         "Addresses, networks and patterns that need no password; none: only the administrator."},
};

}  // namespace

constinit const SchemaBlock kMetricsBlock{
    .name = "metrics",
    .help = "The numbers of the server for Prometheus, under /metrics.",
    .elements = kMetrics,
    .fresh = fresh<MetricsSettings>};

}  // namespace lb
