// Rows of what a mount knows of its encoders: <encoder>, the login of one of them, and <dead-air>.
#include "config/schema/schema.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using enum ValueKind;
using enum ReloadClass;

constexpr SchemaElement kEncoder[] = {
    {.name = "username",
     .kind = kText,
     .set_by = SetBy::kFile,
     .slot = slot<&EncoderSettings::username>,
     .reload = kNew,
     .standard = "the mount's",
     .example = "studio",
     .help = "Its login."},
    {.name = "password",
     .kind = kSecret,
     .set_by = SetBy::kFile,
     .slot = slot<&EncoderSettings::password>,
     .reload = kNew,
     .standard = "the mount's",
     .help = "Its password."},
    {.name = "priority",
     .kind = kNumber,
     .set_by = SetBy::kFile,
     .slot = slot<&EncoderSettings::priority>,
     .min = -1000,
     .max = 1000,
     .reload = kNew,
     .example = "1",
     .help = "Smaller is better; of equal ones the first that came."},
};
static_assert(all_have_set_by(kEncoder));

constexpr SchemaElement kDeadAir[] = {
    {.name = "after",
     .kind = kSeconds,
     .set_by = SetBy::kAdmin,
     .slot = slot<&DeadAirSettings::after>,
     .min = 0,
     .max = 3600,
     .reload = kSource,
     .standard = "20s, where the block is there",
     .example = "20",
     .help = "Silence of the sound that counts; 0: nothing listens."},
    {.name = "level",
     .kind = kNumber,
     .set_by = SetBy::kAdmin,
     .slot = slot<&DeadAirSettings::level>,
     .min = -120,
     .max = -1,
     .reload = kSource,
     .example = "-50",
     .help = "In dB; what is quieter is silence."},
    {.name = "failover",
     .kind = kBool,
     .set_by = SetBy::kAdmin,
     .slot = slot<&DeadAirSettings::failover>,
     .reload = kSource,
     .example = "1",
     .help = "1: the best standby with sound takes over; 0: events alone."},
};
static_assert(all_have_set_by(kDeadAir));
}  // namespace

// What the element itself says is that something listens.
constinit const Nest kDeadAirNest{[](void* parent) -> void* {
                                    DeadAirSettings& where =
                                        static_cast<MountSettings*>(parent)->dead_air;
                                    if (where.after.count() == 0)
                                      where.after = DeadAirSettings::kUsual;
                                    return &where;
                                  },
                                  [](const void*) -> std::size_t { return 1; },
                                  [](const void* parent, std::size_t) -> const void* {
                                    return &static_cast<const MountSettings*>(parent)->dead_air;
                                  },
                                  false};

constinit const SchemaBlock kDeadAirBlock{
    .name = "dead-air",
    .help = "Finds silence by ffmpeg in the server's PATH: doc/failover.md.",
    .elements = kDeadAir,
    .fresh = fresh<DeadAirSettings>};

constinit const SchemaBlock kEncoderBlock{
    .name = "encoder",
    .help =
        "An encoder's login and place, instead of the mount's login; up to 8, not inherited. n "
        "rows make room for n - 1 standbys.",
    .elements = kEncoder,
    .fresh = fresh<EncoderSettings>,
    .inline_form = true};

}  // namespace lb
