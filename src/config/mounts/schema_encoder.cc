// Rows for the encoders of a mount: <encoder>, the login of one, and <dead-air>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr SchemaElement kEncoder[] = {
    element("username", kText, slot<&EncoderSettings::username>, "Its login.",
            {.set_by = kFile, .reload = kNew, .standard = "the mount's", .example = "studio"}),
    element("password", kSecret, slot<&EncoderSettings::password>, "Its password.",
            {.set_by = kFile, .reload = kNew, .standard = "the mount's"}),
    element("priority", kNumber, slot<&EncoderSettings::priority>,
            "Smaller is better; of equal ones the first to connect.",
            {.set_by = kFile, .min = -1000, .max = 1000, .reload = kNew, .example = "1"}),
};
static_assert(all_have_set_by(kEncoder));

constexpr SchemaElement kDeadAir[] = {
    by_admin("after", kSeconds, slot<&DeadAirSettings::after>,
             "Length of silence that counts; 0: off.",
             {.max = 3600, .standard = "20s, if the block is present", .example = "20"}),
    by_admin("level", kNumber, slot<&DeadAirSettings::level>, "In dB; quieter sound is silence.",
             {.min = -120, .max = -1, .example = "-50"}),
    by_admin("failover", kBool, slot<&DeadAirSettings::failover>,
             "1: the best standby with sound takes over; 0: events only.", {.example = "1"}),
};
static_assert(all_have_set_by(kDeadAir));
}  // namespace

// The element alone turns the detection on.
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

constinit const SchemaBlock kDeadAirBlock = block_of<DeadAirSettings>(
    "dead-air", "Detects silence with ffmpeg from the server's PATH: doc/failover.md.", kDeadAir);

constinit const SchemaBlock kEncoderBlock =
    block_of<EncoderSettings>("encoder",
                              "An encoder's login and priority, instead of the mount's login; up "
                              "to 8, not inherited. n elements allow n - 1 standbys.",
                              kEncoder, {.inline_form = true});

}  // namespace lb
