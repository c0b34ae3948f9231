// Rows of <metrics>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr SchemaElement kMetrics[] = {
    element("allow", kList, slot<&MetricsSettings::allow>,
            "Addresses, networks and patterns that need no password; none: only the administrator.",
            {.standard = "127.0.0.0/8 ::1", .example = "10.0.0.0/8"}),
};

}  // namespace

constinit const SchemaBlock kMetricsBlock = block_of<MetricsSettings>(
    "metrics", "The server's metrics for Prometheus, under /metrics.", kMetrics);

}  // namespace lb
