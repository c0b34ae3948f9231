// Rows of <hls>, of the server and of a mount.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using enum ValueKind;
using enum ReloadClass;

constexpr SchemaChoice kSessionChoices[] = {
    {"token", static_cast<std::int64_t>(HlsSessionKind::kToken)},
    {"address", static_cast<std::int64_t>(HlsSessionKind::kAddress)},
    {"none", static_cast<std::int64_t>(HlsSessionKind::kNone)}};

constexpr SchemaElement kHlsRows[] = {
    {.name = "enabled",
     .kind = kBool,
     .slot = slot<&HlsSettings::enabled>,
     .reload = kSource,
     .example = "1",
     .help = "1: for every mount that does not say otherwise."},
    {.name = "segment",
     .kind = kSeconds,
     .slot = slot<&HlsSettings::segment>,
     .min = 2,
     .max = 10,
     .reload = kNew,
     .example = "4",
     .help = "Length of a segment, by the source's server."},
    {.name = "window",
     .kind = kSeconds,
     .slot = slot<&HlsSettings::window>,
     .min = 12,
     .max = 3600,
     .reload = kSource,
     .example = "120",
     .help = "Length of a list, at least six segments."},
    {.name = "sessions",
     .kind = kChoice,
     .slot = slot<&HlsSettings::sessions>,
     .choices = kSessionChoices,
     .example = "address",
     .help =
         "How players are counted: token by a parameter of their list, address by address and "
         "User-Agent, so that a cache may keep lists, none not. With authentication always token."},
};

constexpr SchemaElement kVariantRows[] = {
    {.name = "mount",
     .kind = kMount,
     .set_by = SetBy::kAdmin,
     .slot = slot<&HlsVariantRow::mount>,
     .example = "/live-64.aac",
     .help = "A mount with the same programme; players choose by bandwidth."},
};
static_assert(all_have_set_by(kVariantRows));
constinit const SchemaBlock kVariantBlock{.name = "variant",
                                          .help = "",
                                          .elements = kVariantRows,
                                          .fresh = fresh<HlsVariantRow>,
                                          .key = "mount"};

constexpr SchemaElement kMountHlsRows[] = {
    {.kind = kBool,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountSettings::hls>,
     .reload = kSource,
     .standard = "hls/enabled",
     .example = "1",
     .help = "1: also by HLS, as MOUNT/live.m3u8; MP3 and AAC only."},
    {.name = "enabled",
     .kind = kBool,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountSettings::hls>,
     .reload = kSource,
     .secondary = true,
     .canonical = "..",
     .help = "The same, where other elements stand beside it."},
    {.name = "variant",
     .kind = kBlock,
     .set_by = SetBy::kAdmin,
     .block = &kVariantBlock,
     .nest = each_in<&MountSettings::hls_variants>()},
};
static_assert(all_have_set_by(kMountHlsRows));

}  // namespace

constinit const SchemaBlock kHlsBlock{.name = "hls",
                                      .help = "HTTP Live Streaming of MP3 and AAC: doc/hls.md.",
                                      .elements = kHlsRows,
                                      .fresh = fresh<HlsSettings>};

constinit const SchemaBlock kMountHlsBlock{
    .name = "hls", .help = "", .elements = kMountHlsRows, .fresh = fresh<MountSettings>};

}  // namespace lb
