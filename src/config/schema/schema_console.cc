// Rows of <console>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr SchemaChoice kHandedOver[] = {{"viewer", Role::kViewer},
                                        {"operator", Role::kOperator},
                                        {"owner", Role::kOwner},
                                        {"admin", Role::kAdmin}};

constexpr SchemaElement kConsole[] = {
    element("", kBool, slot<&ConsoleSettings::enabled>, "1: /admin/ has a login page and sessions.",
            {.standard = "1, if the element is present", .example = "1"}),
    element("idle", kSeconds, slot<&ConsoleSettings::idle>,
            "A session ends this long after its last use.",
            {.min = 1, .max = 86'400, .example = "15m"}),
    element("most", kSeconds, slot<&ConsoleSettings::most>,
            "A session ends this long after its login.",
            {.min = 1, .max = 7 * 86'400, .example = "12h"}),
    element("history", kSeconds, slot<&ConsoleSettings::history>,
            "How far back charts go (39 kB per mount); 0: no charts.",
            {.max = 30 * 86'400, .example = "30d"}),
    element("origin", kList, slot<&ConsoleSettings::origins>,
            "Addresses of these pages for browsers, if not <public-address> or <hostname>.",
            {.example = "https://console.example.org"}),
    element("handed-over", kChoice, slot<&ConsoleSettings::handed_over>,
            "The highest role of a session that another master hands over.",
            {.choices = kHandedOver}),
    element(
        "allow-plain", kBool, slot<&ConsoleSettings::allow_plain>,
        "1: passwords over http from everywhere; 0: only from this machine and private networks.",
        {.example = "0"}),
    element("sso-from", kList, slot<&ConsoleSettings::sso_from>,
            "Proxies that log users in: a request with sso-secret in X-LB-SSO belongs to the "
            "store's user in the header sso-user.",
            {.example = "10.0.0.5"}),
    element("sso-secret", kSecret, slot<&ConsoleSettings::sso_secret>,
            "The secret of these proxies; without it no proxy is believed."),
    element("sso-user", kText, slot<&ConsoleSettings::sso_user>, "The header that names the user.",
            {.example = "X-Remote-User"}),
};

}  // namespace

constinit const SchemaBlock kConsoleBlock =
    block_of<ConsoleSettings>("console", "User logins with page and session: doc/operators.md.",
                              kConsole, {.inline_form = true});

}  // namespace lb
