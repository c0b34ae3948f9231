// Rows of <webhook>.
#include "config/config.h"
#include "config/schema.h"
#include "config/schema_rows.h"

namespace lb {
namespace {

using enum ValueKind;

constexpr SchemaElement kWebhook[] = {
    {.name = "url",
     .kind = kText,
     .slot = slot<&WebhookSettings::url>,
     .origin = SchemaOrigin::kOwn,
     .example = "https://example.org/radio-events",
     .help = "An http or https address. Each event is sent to it by POST, as the JSON object that "
             "/admin/events has."},
    {.name = "events",
     .kind = kList,
     .slot = slot<&WebhookSettings::events>,
     .origin = SchemaOrigin::kOwn,
     .standard = "all",
     .example = "title source-connect source-disconnect",
     .help = "The names of the events that are sent; doc/orchestration.md lists them."},
    {.name = "mount",
     .kind = kText,
     .slot = slot<&WebhookSettings::mount>,
     .origin = SchemaOrigin::kOwn,
     .example = "/live*",
     .help = "Only events of this mount, or of those that match this pattern."},
    {.name = "secret",
     .kind = kSecret,
     .slot = slot<&WebhookSettings::secret>,
     .origin = SchemaOrigin::kOwn,
     .help = "What is sent is signed with it: X-LB-Signature: t=TIME,v1=SIGNATURE. The signature "
             "is the HMAC-SHA256 of TIME, a full stop and the body, in hex."},
};

}  // namespace

constinit const SchemaBlock kWebhookBlock{
    .name = "webhook",
    .help = "An address that events of this node are sent to; see doc/orchestration.md.",
    .elements = kWebhook,
    .fresh = fresh<WebhookSettings>,
    .inline_form = true};

}  // namespace lb
