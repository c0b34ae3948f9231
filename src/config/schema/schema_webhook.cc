// Rows of <webhook>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using enum ValueKind;

constexpr SchemaElement kWebhook[] = {
    {.name = "url",
     .kind = kText,
     .slot = slot<&WebhookSettings::url>,
     .example = "https://example.org/radio-events",
     .help = "It gets each event by POST, as the JSON of /admin/events."},
    {.name = "events",
     .kind = kList,
     .slot = slot<&WebhookSettings::events>,
     .standard = "all",
     .example = "title source-connect source-disconnect",
     .help = "Events that are sent, of doc/orchestration.md."},
    {.name = "mount",
     .kind = kText,
     .slot = slot<&WebhookSettings::mount>,
     .example = "/live*",
     .help = "Only events of this mount or pattern."},
    {.name = "secret",
     .kind = kSecret,
     .slot = slot<&WebhookSettings::secret>,
     .help = "Signs what is sent: doc/orchestration.md."},
};

}  // namespace

constinit const SchemaBlock kWebhookBlock{
    .name = "webhook",
    .help = "An address for events of this node: doc/orchestration.md.",
    .elements = kWebhook,
    .fresh = fresh<WebhookSettings>,
    .inline_form = true};

}  // namespace lb
