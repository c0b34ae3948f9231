// Rows of <encoder>, a login of one of the encoders of a mount.
#include "config/config.h"
#include "config/schema.h"

namespace lb {
namespace {

using enum ValueKind;
using enum ReloadClass;

constexpr SchemaElement kEncoder[] = {
    {.name = "username",
     .kind = kText,
     .slot = slot<&EncoderSettings::username>,
     .reload = kNew,
     .origin = SchemaOrigin::kOwn,
     .standard = "the mount's",
     .example = "studio",
     .help = "The name it logs in with; also by which /admin/metadata knows whose title it is."},
    {.name = "password",
     .kind = kSecret,
     .slot = slot<&EncoderSettings::password>,
     .reload = kNew,
     .origin = SchemaOrigin::kOwn,
     .standard = "the mount's",
     .help = "Its password."},
    {.name = "priority",
     .kind = kNumber,
     .slot = slot<&EncoderSettings::priority>,
     .min = -1000,
     .max = 1000,
     .reload = kNew,
     .origin = SchemaOrigin::kOwn,
     .example = "1",
     .help = "Smaller is better; of equal ones the first that came."},
};
}  // namespace

constinit const SchemaBlock kEncoderBlock{
    .name = "encoder",
    .help =
        "A login of an encoder of this mount, and its place among them; up to 8. The rows "
        "replace the mount's own login, unless one of them has no username: that one is it. n "
        "rows make room for n - 1 standbys. Not inherited from the default mount.",
    .elements = kEncoder,
    .fresh = fresh<EncoderSettings>,
    .inline_form = true};

}  // namespace lb
