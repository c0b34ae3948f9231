// Rows of <webhook>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr SchemaElement kWebhook[] = {
    element("url", kText, slot<&WebhookSettings::url>,
            "The address that gets each event by POST, as the JSON of /admin/events.",
            {.example = "https://example.org/radio-events"}),
    element("events", kList, slot<&WebhookSettings::events>,
            "Events to send, of doc/orchestration.md.",
            {.standard = "all", .example = "title source-connect source-disconnect"}),
    element("mount", kText, slot<&WebhookSettings::mount>, "Only events of this mount or pattern.",
            {.example = "/live*"}),
    element("secret", kSecret, slot<&WebhookSettings::secret>,
            "Signs the requests: doc/orchestration.md."),
};

}  // namespace

constinit const SchemaBlock kWebhookBlock = block_of<WebhookSettings>(
    "webhook", "An address for events of this node: doc/orchestration.md.", kWebhook,
    {.inline_form = true});

}  // namespace lb
