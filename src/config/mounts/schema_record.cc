// Rows of the record of a mount besides its settings: <record> in the XML of a store, members of
// the JSON object.
#include "config/mounts/mount_record.h"
#include "config/mounts/schema_mount_words.h"
#include "config/schema/schema.h"
#include "stream/mount/login_hours.h"

namespace lb {
namespace {

constexpr std::int64_t kLargestLimit = 1'000'000'000'000'000;

constexpr SchemaChoice kStates[] = {{"active", RecordState::kActive},
                                    {"suspended", RecordState::kSuspended},
                                    {"moving", RecordState::kMoving},
                                    {"deleting", RecordState::kDeleting},
                                    {"unplaced", RecordState::kUnplaced}};

constexpr SchemaElement text_of(std::string_view name, SetBy set_by, Slot (*where)(void*),
                                std::string_view help) {
  return element(name, kText, where, help, {.set_by = set_by});
}
constexpr SchemaElement limit_of(std::string_view name, ValueKind kind, Slot (*where)(void*),
                                 std::string_view help) {
  return element(name, kind, where, help,
                 {.set_by = kOwner, .min = -1, .max = kLargestLimit, .unset = -1});
}
constexpr SchemaElement time_of(std::string_view name, Slot (*where)(void*),
                                std::string_view help) {
  return element(name, kNumber, where, help,
                 {.set_by = kOwner, .max = 253'402'300'799, .unset = 0});
}

constexpr SchemaElement kPlace[] = {
    element("tags", kList, slot<&RecordPlace::tags>, "Its home is a node that has all these tags.",
            {.set_by = kAdmin}),
    text_of("country", kAdmin, slot<&RecordPlace::country>, "Near this country."),
    text_of("node", kAdmin, slot<&RecordPlace::node>, "This node."),
    text_of("spread", kAdmin, slot<&RecordPlace::spread>,
            "Mounts with the same word have different homes."),
    element("homes", kNumber, slot<&RecordPlace::homes>,
            "2: a second node is chosen that takes its source while none flows.",
            {.set_by = kAdmin, .min = 1, .max = 2}),
    text_of("from", kAdmin, slot<&RecordPlace::from>, "While it moves: its old home."),
    text_of("to", kAdmin, slot<&RecordPlace::to>, "While it moves: its new home."),
    element("force-at", kNumber, slot<&RecordPlace::force_at>,
            "While it moves: from then on, in Unix seconds, its source at the old home ends.",
            {.set_by = kAdmin, .max = 253'402'300'799, .unset = 0}),
};
static_assert(all_have_set_by(kPlace));
constinit const SchemaBlock kPlaceBlock =
    block_of<RecordPlace>("place", "Where its source is expected.", kPlace);

constexpr SchemaElement kLimitRows[] = {
    limit_of("listeners", kNumber, slot<&RecordLimits::listeners>,
             "Listeners at once, on all linked nodes together."),
    element("over", kChoice, slot<&RecordLimits::over>,
            "Where there are more listeners than that: keep: they stay; kick: the newest end.",
            {.set_by = kOwner, .choices = kOverChoices}),
    limit_of("bitrate", kNumber, slot<&RecordLimits::bitrate>, "Of its source, in kbit/s."),
    limit_of("storage", kBytes, slot<&RecordLimits::storage>, "What its recordings may take."),
    limit_of("listening-hours", kNumber, slot<&RecordLimits::listening_hours>, "A month."),
    limit_of("transfer", kBytes, slot<&RecordLimits::transfer>, "What listeners may get a month."),
};
static_assert(all_have_set_by(kLimitRows));
constinit const SchemaBlock kRecordLimitsBlock = block_of<RecordLimits>(
    "limits", "-1 or nothing: not limited.", kLimitRows, {.inline_form = true});

constexpr SchemaElement kWeeklyRows[] = {
    element("days", kList, slot<&WeeklyHours::days>,
            "mon tue wed thu fri sat sun: on which they begin; none: each day.",
            {.set_by = kOwner}),
    text_of("from", kOwner, slot<&WeeklyHours::from>, "They begin at this time, as 20:00."),
    text_of("until", kOwner, slot<&WeeklyHours::until>,
            "They end at this time, as 22:00 or 24:00; before from: on the next day."),
};
static_assert(all_have_set_by(kWeeklyRows));
constinit const SchemaBlock kWeeklyBlock =
    block_of<WeeklyHours>("hours", "Hours of each week in which a login is valid.", kWeeklyRows);

constexpr SchemaElement kLoginRows[] = {
    text_of("user", kOwner, slot<&RecordLogin::user>, "The name it logs in with."),
    element("hash", kSecret, slot<&RecordLogin::hash>,
            "Its password, as icecast-lb --passwd prints it.", {.set_by = kOwner}),
    element("password", kSecret, slot<&RecordLogin::password>, "Its password itself.",
            {.set_by = kOwner}),
    time_of("from", slot<&RecordLogin::from>, "Valid from this time on, in Unix seconds."),
    time_of("until", slot<&RecordLogin::until>, "Valid until this time, in Unix seconds."),
    element("grace", kSeconds, slot<&RecordLogin::grace>,
            "A source that is on the air when its time is over is ended so many seconds later.",
            {.set_by = kOwner, .max = kLongestGrace.count()}),
    element("live", kBool, slot<&RecordLogin::live>,
            "1: while it sends, the pages of listeners name its user as the presenter.",
            {.set_by = kOwner}),
    text_of("zone", kOwner, slot<&RecordLogin::zone>,
            "The time zone of its hours, as Europe/Berlin; none: that of the server."),
    element("hours", &kWeeklyBlock, each_in<&RecordLogin::hours>(), {.set_by = kOwner},
            "Valid in these hours of each week only; none: always."),
};
static_assert(all_have_set_by(kLoginRows));
constinit const SchemaBlock kSourceBlock = block_of<RecordLogin>(
    "source", "A login of its source.", kLoginRows, {.key = "user", .inline_form = true});

constexpr SchemaElement kRecord[] = {
    element("state", kChoice, slot<&MountRecord::state>,
            "Whether it may be used, and what becomes of it.",
            {.set_by = kOwner, .choices = kStates, .attribute = true}),
    element("suspended-by-admin", kBool, slot<&MountRecord::suspended_by_admin>,
            "1: only an administrator resumes it.", {.set_by = kAdmin, .attribute = true}),
    element("account", kText, slot<&MountRecord::account>, "The account that it belongs to.",
            {.set_by = kAdmin, .attribute = true}),
    element("made", kNumber, slot<&MountRecord::made>,
            "It belongs to its account since this time, in Unix seconds. What was recorded before "
            "under its name is for administrators only.",
            {.set_by = kAdmin, .max = 253'402'300'799, .unset = 0, .attribute = true}),
    element("home", kText, slot<&MountRecord::home>, "The node where its source is expected.",
            {.set_by = kAdmin, .attribute = true}),
    element("backup", kText, slot<&MountRecord::backup>,
            "Another node that takes its source while none flows.",
            {.set_by = kAdmin, .attribute = true}),
    element("place", &kPlaceBlock, inside<&MountRecord::place>(), {.set_by = kAdmin}),
    element("limits", &kRecordLimitsBlock, inside<&MountRecord::limits>(), {.set_by = kOwner}),
    element("source", &kSourceBlock, each_in<&MountRecord::sources>(), {.set_by = kOwner}),
};
static_assert(all_have_set_by(kRecord));

}  // namespace

constinit const SchemaBlock kRecordBlock =
    block_of<MountRecord>("record", "What a record says beside the settings.", kRecord);

}  // namespace lb
