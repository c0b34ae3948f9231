// Rows of <mount><authentication>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr SchemaElement kOption[] = {
    element("name", kText, slot<&std::pair<std::string, std::string>::first>, "The option's name.",
            {.set_by = kAdmin, .origin = kIcecast24, .example = "listener_add"}),
    element("value", kOptionValue, slot<&std::pair<std::string, std::string>::second>, "Its value.",
            {.set_by = kAdmin, .origin = kIcecast24, .example = "http://127.0.0.1:8080/listener"}),
};
static_assert(all_have_set_by(kOption));
constinit const SchemaBlock kOptionBlock = block_of<std::pair<std::string, std::string>>(
    "option",
    "One option of the authenticator (doc/authentication.md). Written with "
    "attributes.",
    kOption, {.inline_form = true});

constexpr SchemaElement kMountAuthentication[] = {
    element("type", kText, slot<&AuthenticatorSettings::type>,
            "htpasswd: users of a file; url: a web server decides.",
            {.set_by = kAdmin, .origin = kIcecast24, .attribute = true, .example = "htpasswd"}),
    element("option", &kOptionBlock, each_in<&AuthenticatorSettings::options>(),
            {.set_by = kAdmin, .origin = kIcecast24}),
    element("role", kNothing, nullptr,
            "A role of Icecast 2.5: htpasswd, url, static for sources, anonymous with get; any "
            "other refuses every listener.",
            {.set_by = kFile, .origin = kIcecast25, .aside = true}),
};
static_assert(all_have_set_by(kMountAuthentication));

}  // namespace

constinit const SchemaBlock kMountAuthenticationBlock = block_of<AuthenticatorSettings>(
    "mount/authentication",
    "Authentication of listeners; without it all may listen. Mounts with a section do not inherit "
    "it from the default mount.",
    kMountAuthentication);

}  // namespace lb
