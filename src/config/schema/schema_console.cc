// Rows of <console>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using enum ValueKind;

constexpr SchemaChoice kHandedOver[] = {{"viewer", static_cast<std::int64_t>(Role::kViewer)},
                                        {"operator", static_cast<std::int64_t>(Role::kOperator)},
                                        {"owner", static_cast<std::int64_t>(Role::kOwner)},
                                        {"admin", static_cast<std::int64_t>(Role::kAdmin)}};

constexpr SchemaElement kConsole[] = {
    {.kind = kBool,
     .slot = slot<&ConsoleSettings::enabled>,
     .standard = "1, where the element is there",
     .example = "1",
     .help = "1: /admin/ has a login page and sessions."},
    {.name = "idle",
     .kind = kSeconds,
     .slot = slot<&ConsoleSettings::idle>,
     .min = 1,
     .max = 86'400,
     .example = "15m",
     .help = "A session ends so long after it was used last."},
    {.name = "most",
     .kind = kSeconds,
     .slot = slot<&ConsoleSettings::most>,
     .min = 1,
     .max = 7 * 86'400,
     .example = "12h",
     .help = "A session ends so long after its login."},
    {.name = "history",
     .kind = kSeconds,
     .slot = slot<&ConsoleSettings::history>,
     .max = 30 * 86'400,
     .example = "30d",
     .help = "How long charts go back (37 kB a mount); 0: none."},
    {.name = "origin",
     .kind = kList,
     .slot = slot<&ConsoleSettings::origins>,
     .example = "https://console.example.org",
     .help = "Where browsers reach these pages, if not by <public-address> or <hostname>."},
    {.name = "handed-over",
     .kind = kChoice,
     .slot = slot<&ConsoleSettings::handed_over>,
     .choices = kHandedOver,
     .help = "The highest role of a session that another master hands over."},
    {.name = "allow-plain",
     .kind = kBool,
     .slot = slot<&ConsoleSettings::allow_plain>,
     .example = "0",
     .help = "1: passwords over http from everywhere; 0: from this machine and private networks."},
    {.name = "sso-from",
     .kind = kList,
     .slot = slot<&ConsoleSettings::sso_from>,
     .example = "10.0.0.5",
     .help = "Proxies that log users in: a request with sso-secret in X-LB-SSO is of the store's "
             "user in sso-user."},
    {.name = "sso-secret",
     .kind = kSecret,
     .slot = slot<&ConsoleSettings::sso_secret>,
     .help = "The secret of these proxies; without it none is believed."},
    {.name = "sso-user",
     .kind = kText,
     .slot = slot<&ConsoleSettings::sso_user>,
     .example = "X-Remote-User",
     .help = "The header that names the user."},
};

}  // namespace

constinit const SchemaBlock kConsoleBlock{
    .name = "console",
    .help = "Logins of people, with page and session: doc/operators.md.",
    .elements = kConsole,
    .fresh = fresh<ConsoleSettings>,
    .inline_form = true};

}  // namespace lb
