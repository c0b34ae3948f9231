// Rows of the record of a mount, beside its settings: <record> in the XML of a store, members of
// the object in JSON.
#include "config/mounts/mount_record.h"
#include "config/mounts/schema_mount_words.h"
#include "config/schema/schema.h"
#include "stream/mount/login_hours.h"

namespace lb {
namespace {

using enum ValueKind;

constexpr std::int64_t kLargestLimit = 1'000'000'000'000'000;

constexpr SchemaChoice kStates[] = {
    {"active", static_cast<std::int64_t>(RecordState::kActive)},
    {"suspended", static_cast<std::int64_t>(RecordState::kSuspended)},
    {"moving", static_cast<std::int64_t>(RecordState::kMoving)},
    {"deleting", static_cast<std::int64_t>(RecordState::kDeleting)},
    {"unplaced", static_cast<std::int64_t>(RecordState::kUnplaced)}};

constexpr SchemaElement text_of(std::string_view name, SetBy set_by, Slot (*where)(void*),
                                std::string_view help) {
  return {.name = name, .kind = kText, .set_by = set_by, .slot = where, .help = help};
}
constexpr SchemaElement limit_of(std::string_view name, ValueKind kind, Slot (*where)(void*),
                                 std::string_view help) {
  return {.name = name,
          .kind = kind,
          .set_by = SetBy::kOwner,
          .slot = where,
          .min = -1,
          .max = kLargestLimit,
          .unset = -1,
          .help = help};
}
constexpr SchemaElement time_of(std::string_view name, Slot (*where)(void*),
                                std::string_view help) {
  return {.name = name,
          .kind = kNumber,
          .set_by = SetBy::kOwner,
          .slot = where,
          .min = 0,
          .max = 253'402'300'799,
          .unset = 0,
          .help = help};
}

constexpr SchemaElement kPlace[] = {
    {.name = "tags",
     .kind = kList,
     .set_by = SetBy::kAdmin,
     .slot = slot<&RecordPlace::tags>,
     .help = "Its home is a node that has all these tags."},
    text_of("country", SetBy::kAdmin, slot<&RecordPlace::country>, "Near this country."),
    text_of("node", SetBy::kAdmin, slot<&RecordPlace::node>, "This node."),
    text_of("spread", SetBy::kAdmin, slot<&RecordPlace::spread>,
            "Mounts with the same word have different homes."),
    {.name = "homes",
     .kind = kNumber,
     .set_by = SetBy::kAdmin,
     .slot = slot<&RecordPlace::homes>,
     .min = 1,
     .max = 2,
     .help = "2: a second node is chosen that takes its source while none flows."},
    text_of("from", SetBy::kAdmin, slot<&RecordPlace::from>, "While it moves: its old home."),
    text_of("to", SetBy::kAdmin, slot<&RecordPlace::to>, "While it moves: its new home."),
    {.name = "force-at",
     .kind = kNumber,
     .set_by = SetBy::kAdmin,
     .slot = slot<&RecordPlace::force_at>,
     .min = 0,
     .max = 253'402'300'799,
     .unset = 0,
     .help = "While it moves: from then on, in Unix seconds, its source at the old home ends."},
};
static_assert(all_have_set_by(kPlace));
constinit const SchemaBlock kPlaceBlock{.name = "place",
                                        .help = "Where its source is expected.",
                                        .elements = kPlace,
                                        .fresh = fresh<RecordPlace>};

constexpr SchemaElement kLimitRows[] = {
    limit_of("listeners", kNumber, slot<&RecordLimits::listeners>,
             "Listeners at once, on all linked nodes together."),
    {.name = "over",
     .kind = kChoice,
     .set_by = SetBy::kOwner,
     .slot = slot<&RecordLimits::over>,
     .choices = kOverChoices,
     .help = "Where there are more listeners than that: keep: they stay; kick: the newest end."},
    limit_of("bitrate", kNumber, slot<&RecordLimits::bitrate>, "Of its source, in kbit/s."),
    limit_of("storage", kBytes, slot<&RecordLimits::storage>, "What its recordings may take."),
    limit_of("listening-hours", kNumber, slot<&RecordLimits::listening_hours>, "A month."),
    limit_of("transfer", kBytes, slot<&RecordLimits::transfer>, "What listeners may get a month."),
};
static_assert(all_have_set_by(kLimitRows));
constinit const SchemaBlock kRecordLimitsBlock{.name = "limits",
                                               .help = "-1 or nothing: not limited.",
                                               .elements = kLimitRows,
                                               .fresh = fresh<RecordLimits>,
                                               .inline_form = true};

constexpr SchemaElement kWeeklyRows[] = {
    {.name = "days",
     .kind = kList,
     .set_by = SetBy::kOwner,
     .slot = slot<&WeeklyHours::days>,
     .help = "mon tue wed thu fri sat sun: on which they begin; none: each day."},
    text_of("from", SetBy::kOwner, slot<&WeeklyHours::from>, "They begin at this time, as 20:00."),
    text_of("until", SetBy::kOwner, slot<&WeeklyHours::until>,
            "They end at this time, as 22:00 or 24:00; before from: on the next day."),
};
static_assert(all_have_set_by(kWeeklyRows));
constinit const SchemaBlock kWeeklyBlock{.name = "hours",
                                         .help = "Hours of each week in which a login is valid.",
                                         .elements = kWeeklyRows,
                                         .fresh = fresh<WeeklyHours>};

constexpr SchemaElement kLoginRows[] = {
    text_of("user", SetBy::kOwner, slot<&RecordLogin::user>, "The name it logs in with."),
    {.name = "hash",
     .kind = kSecret,
     .set_by = SetBy::kOwner,
     .slot = slot<&RecordLogin::hash>,
     .help = "Its password, as icecast-lb --passwd prints it."},
    {.name = "password",
     .kind = kSecret,
     .set_by = SetBy::kOwner,
     .slot = slot<&RecordLogin::password>,
     .help = "Its password itself."},
    time_of("from", slot<&RecordLogin::from>, "Valid from this time on, in Unix seconds."),
    time_of("until", slot<&RecordLogin::until>, "Valid until this time, in Unix seconds."),
    {.name = "grace",
     .kind = kSeconds,
     .set_by = SetBy::kOwner,
     .slot = slot<&RecordLogin::grace>,
     .min = 0,
     .max = kLongestGrace.count(),
     .help = "A source that is on the air when its time is over is ended so many seconds later."},
    {.name = "live",
     .kind = kBool,
     .set_by = SetBy::kOwner,
     .slot = slot<&RecordLogin::live>,
     .help = "1: while it sends, the pages of listeners name its user as the presenter."},
    text_of("zone", SetBy::kOwner, slot<&RecordLogin::zone>,
            "The time zone of its hours, as Europe/Berlin; none: that of the server."),
    {.name = "hours",
     .kind = kBlock,
     .set_by = SetBy::kOwner,
     .block = &kWeeklyBlock,
     .nest = each_in<&RecordLogin::hours>(),
     .help = "Valid in these hours of each week only; none: always."},
};
static_assert(all_have_set_by(kLoginRows));
constinit const SchemaBlock kSourceBlock{.name = "source",
                                         .help = "A login of its source.",
                                         .elements = kLoginRows,
                                         .fresh = fresh<RecordLogin>,
                                         .key = "user",
                                         .inline_form = true};

constexpr SchemaElement kRecord[] = {
    {.name = "state",
     .kind = kChoice,
     .set_by = SetBy::kOwner,
     .slot = slot<&MountRecord::state>,
     .choices = kStates,
     .attribute = true,
     .help = "Whether it may be used, and what becomes of it."},
    {.name = "suspended-by-admin",
     .kind = kBool,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountRecord::suspended_by_admin>,
     .attribute = true,
     .help = "1: only an administrator resumes it."},
    {.name = "account",
     .kind = kText,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountRecord::account>,
     .attribute = true,
     .help = "The account that it belongs to."},
    {.name = "made",
     .kind = kNumber,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountRecord::made>,
     .min = 0,
     .max = 253'402'300'799,
     .unset = 0,
     .attribute = true,
     .help = "It belongs to its account since this time, in Unix seconds. What was recorded before "
             "under its name is for administrators only."},
    {.name = "home",
     .kind = kText,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountRecord::home>,
     .attribute = true,
     .help = "The node where its source is expected."},
    {.name = "backup",
     .kind = kText,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountRecord::backup>,
     .attribute = true,
     .help = "Another node that takes its source while none flows."},
    {.name = "place",
     .kind = kBlock,
     .set_by = SetBy::kAdmin,
     .block = &kPlaceBlock,
     .nest = inside<&MountRecord::place>()},
    {.name = "limits",
     .kind = kBlock,
     .set_by = SetBy::kOwner,
     .block = &kRecordLimitsBlock,
     .nest = inside<&MountRecord::limits>()},
    {.name = "source",
     .kind = kBlock,
     .set_by = SetBy::kOwner,
     .block = &kSourceBlock,
     .nest = each_in<&MountRecord::sources>()},
};
static_assert(all_have_set_by(kRecord));

}  // namespace

constinit const SchemaBlock kRecordBlock{.name = "record",
                                         .help = "What a record says beside the settings.",
                                         .elements = kRecord,
                                         .fresh = fresh<MountRecord>};

}  // namespace lb
