// Rows of <hls>, of the server and of a mount.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr SchemaChoice kSessionChoices[] = {{"token", HlsSessionKind::kToken},
                                            {"address", HlsSessionKind::kAddress},
                                            {"none", HlsSessionKind::kNone}};

constexpr SchemaElement kHlsRows[] = {
    element("enabled", kBool, slot<&HlsSettings::enabled>,
            "1: for every mount without its own setting.", {.reload = kSource, .example = "1"}),
    element("segment", kSeconds, slot<&HlsSettings::segment>,
            "Length of a segment, set by the source's server.",
            {.min = 2, .max = 10, .reload = kNew, .example = "4"}),
    element("window", kSeconds, slot<&HlsSettings::window>,
            "Length of a list, at least six segments.",
            {.min = 12, .max = 3600, .reload = kSource, .example = "120"}),
    element("sessions", kChoice, slot<&HlsSettings::sessions>,
            "How players are counted: token: by a parameter of their list; address: by address and "
            "User-Agent, so that a cache may keep lists; none: not at all. With authentication "
            "always token.",
            {.choices = kSessionChoices, .example = "address"}),
};

constexpr SchemaElement kVariantRows[] = {
    element("mount", kMount, slot<&HlsVariantRow::mount>,
            "A mount with the same programme; players choose by bandwidth.",
            {.set_by = kAdmin, .example = "/live-64.aac"}),
};
static_assert(all_have_set_by(kVariantRows));
constinit const SchemaBlock kVariantBlock =
    block_of<HlsVariantRow>("variant", "", kVariantRows, {.key = "mount"});

constexpr SchemaElement kMountHlsRows[] = {
    element("", kBool, slot<&MountSettings::hls>,
            "1: also by HLS, as MOUNT/live.m3u8; MP3 and AAC only.",
            {.set_by = kAdmin, .reload = kSource, .standard = "hls/enabled", .example = "1"}),
    element("enabled", kBool, slot<&MountSettings::hls>,
            "The same, if the block has other elements.",
            {.set_by = kAdmin, .reload = kSource, .secondary = true, .canonical = ".."}),
    element("variant", &kVariantBlock, each_in<&MountSettings::hls_variants>(), {.set_by = kAdmin}),
};
static_assert(all_have_set_by(kMountHlsRows));

}  // namespace

constinit const SchemaBlock kHlsBlock =
    block_of<HlsSettings>("hls", "HTTP Live Streaming of MP3 and AAC: doc/hls.md.", kHlsRows);

constinit const SchemaBlock kMountHlsBlock = block_of<MountSettings>("hls", "", kMountHlsRows);

}  // namespace lb
