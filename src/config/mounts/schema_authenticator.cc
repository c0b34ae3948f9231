// Rows of <mount><authentication>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using enum ValueKind;

constexpr SchemaElement kOption[] = {
    {.name = "name",
     .kind = kText,
     .set_by = SetBy::kAdmin,
     .slot = slot<&std::pair<std::string, std::string>::first>,
     .origin = SchemaOrigin::kIcecast24,
     .example = "listener_add",
     .help = "The option's name."},
    {.name = "value",
     .kind = kOptionValue,
     .set_by = SetBy::kAdmin,
     .slot = slot<&std::pair<std::string, std::string>::second>,
     .origin = SchemaOrigin::kIcecast24,
     .example = "http://127.0.0.1:8080/listener",
     .help = "Its value."},
};
static_assert(all_have_set_by(kOption));
constinit const SchemaBlock kOptionBlock{
    .name = "option",
    .help =
        "One option of the authenticator (doc/authentication.md). Written with "
        "attributes.",
    .elements = kOption,
    .fresh = fresh<std::pair<std::string, std::string>>,
    .inline_form = true};

constexpr SchemaElement kMountAuthentication[] = {
    {.name = "type",
     .kind = kText,
     .set_by = SetBy::kAdmin,
     .slot = slot<&AuthenticatorSettings::type>,
     .origin = SchemaOrigin::kIcecast24,
     .attribute = true,
     .example = "htpasswd",
     .help = "htpasswd: users of a file; url: a web server is asked."},
    {.name = "option",
     .kind = kBlock,
     .set_by = SetBy::kAdmin,
     .block = &kOptionBlock,
     .nest = each_in<&AuthenticatorSettings::options>(),
     .origin = SchemaOrigin::kIcecast24},
    {.name = "role",
     .kind = kNothing,
     .set_by = SetBy::kFile,
     .origin = SchemaOrigin::kIcecast25,
     .aside = true,
     .help = "A role of Icecast 2.5: htpasswd, url, static for sources, anonymous with get; with "
             "any other every listener is refused."},
};
static_assert(all_have_set_by(kMountAuthentication));

}  // namespace

constinit const SchemaBlock kMountAuthenticationBlock{
    .name = "mount/authentication",
    .help =
        "Who may listen; without it everyone. Mounts with a section do not inherit it from the "
        "default mount.",
    .elements = kMountAuthentication,
    .fresh = fresh<AuthenticatorSettings>};

}  // namespace lb
