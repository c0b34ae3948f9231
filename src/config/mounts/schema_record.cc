// Rows of the record of a mount besides its settings: <record> in the XML of a store, members of
// the JSON object.
#include "config/mounts/mount_record.h"
#include "config/mounts/schema_mount_words.h"
#include "config/schema/schema.h"
#include "stream/mount/login_hours.h"

namespace lb {
namespace {

constexpr std::int64_t kLargestLimit = 1'000'000'000'000'000, kMostHours = 1'000'000'000;

constexpr SchemaChoice kStates[] = {{"active", RecordState::kActive},
                                    {"suspended", RecordState::kSuspended},
                                    {"moving", RecordState::kMoving},
                                    {"deleting", RecordState::kDeleting},
                                    {"unplaced", RecordState::kUnplaced}};

constexpr SchemaChoice kOnQuota[] = {{"account", OnQuota::kAccount},
                                     {"tell", OnQuota::kEventsOnly},
                                     {"refuse-new", OnQuota::kRefuseNew},
                                     {"suspend", OnQuota::kSuspend}};

constexpr SchemaElement text_of(std::string_view name, SetBy set_by, Slot (*where)(void*),
                                std::string_view help) {
  return element(name, kText, where, help, {.set_by = set_by});
}
constexpr SchemaElement limit_of(std::string_view name, ValueKind kind, Slot (*where)(void*),
                                 std::string_view help, std::int64_t most = kLargestLimit) {
  return element(name, kind, where, help, {.set_by = kOwner, .min = -1, .max = most, .unset = -1});
}
constexpr SchemaElement time_of(std::string_view name, Slot (*where)(void*),
                                std::string_view help) {
  return element(name, kNumber, where, help,
                 {.set_by = kOwner, .max = 253'402'300'799, .unset = 0});
}

constexpr SchemaElement kPlace[] = {
    element("tags", kList, slot<&RecordPlace::tags>, "Its home is a node that has all these tags.",
            {.set_by = kAdmin}),
    text_of("country", kAdmin, slot<&RecordPlace::country>, "Its home is near this country."),
    text_of("node", kAdmin, slot<&RecordPlace::node>, "Its home is this node."),
    text_of("spread", kAdmin, slot<&RecordPlace::spread>,
            "Mounts with the same word have different homes."),
    element("homes", kNumber, slot<&RecordPlace::homes>,
            "2: a second node is chosen that accepts its source while none flows.",
            {.set_by = kAdmin, .min = 1, .max = 2}),
    text_of("from", kAdmin, slot<&RecordPlace::from>, "While it moves: its old home."),
    text_of("to", kAdmin, slot<&RecordPlace::to>, "While it moves: its new home."),
    element(
        "force-at", kNumber, slot<&RecordPlace::force_at>,
        "While it moves: from this time on, in Unix seconds, its source at the old home is ended.",
        {.set_by = kAdmin, .max = 253'402'300'799, .unset = 0}),
};
static_assert(all_have_set_by(kPlace));
constinit const SchemaBlock kPlaceBlock =
    block_of<RecordPlace>("place", "Where its source is expected.", kPlace);

constexpr SchemaElement kLimitRows[] = {
    limit_of("listeners", kNumber, slot<&RecordLimits::listeners>,
             "Simultaneous listeners on all linked nodes together."),
    element("over", kChoice, slot<&RecordLimits::over>,
            "If there are more listeners: keep: they stay; kick: the newest end.",
            {.set_by = kOwner, .choices = kOverChoices}),
    limit_of("bitrate", kNumber, slot<&RecordLimits::bitrate>, "Bitrate of its source, in kbit/s."),
    limit_of("storage", kBytes, slot<&RecordLimits::storage>, "Size of its recordings."),
    limit_of("listening-hours", kNumber, slot<&RecordLimits::listening_hours>,
             "Listening hours per month (UTC), counted as those of an account.", kMostHours),
    limit_of("transfer", kBytes, slot<&RecordLimits::transfer>,
             "Bytes sent to its listeners per month."),
    element("on-quota", kChoice, slot<&RecordLimits::on_quota>,
            "If one of these two is used up: tell: only events; refuse-new: new listeners are kept "
            "out; suspend: it is also suspended; account: as quota/hard of its account.",
            {.set_by = kOwner, .choices = kOnQuota}),
};
static_assert(all_have_set_by(kLimitRows));
constinit const SchemaBlock kRecordLimitsBlock =
    block_of<RecordLimits>("limits", "-1 or absent: no limit.", kLimitRows, {.inline_form = true});

constexpr SchemaElement kWeeklyRows[] = {
    element("days", kList, slot<&WeeklyHours::days>,
            "Days on which they begin: mon tue wed thu fri sat sun; none: each day.",
            {.set_by = kOwner}),
    text_of("from", kOwner, slot<&WeeklyHours::from>, "They begin at this time, such as 20:00."),
    text_of("until", kOwner, slot<&WeeklyHours::until>,
            "They end at this time, such as 22:00 or 24:00; if before from, on the next day."),
};
static_assert(all_have_set_by(kWeeklyRows));
constinit const SchemaBlock kWeeklyBlock =
    block_of<WeeklyHours>("hours", "Hours of each week in which a login is valid.", kWeeklyRows);

constexpr SchemaElement kLoginRows[] = {
    text_of("user", kOwner, slot<&RecordLogin::user>, "The login name."),
    element("hash", kSecret, slot<&RecordLogin::hash>,
            "The password hash, as icecast-lb --passwd prints it.", {.set_by = kOwner}),
    element("password", kSecret, slot<&RecordLogin::password>, "The password in the clear.",
            {.set_by = kOwner}),
    time_of("from", slot<&RecordLogin::from>, "Valid from this time on, in Unix seconds."),
    time_of("until", slot<&RecordLogin::until>, "Valid until this time, in Unix seconds."),
    element("grace", kSeconds, slot<&RecordLogin::grace>,
            "A source still on the air when its time is over is ended this many seconds later.",
            {.set_by = kOwner, .max = kLongestGrace.count()}),
    element("live", kBool, slot<&RecordLogin::live>,
            "1: while it sends, listeners' pages name its user as presenter.", {.set_by = kOwner}),
    text_of("zone", kOwner, slot<&RecordLogin::zone>,
            "The time zone of its hours, such as Europe/Berlin; none: the server's."),
    element("hours", &kWeeklyBlock, each_in<&RecordLogin::hours>(), {.set_by = kOwner},
            "Valid only in these hours of each week; none: always."),
};
static_assert(all_have_set_by(kLoginRows));
constinit const SchemaBlock kSourceBlock = block_of<RecordLogin>(
    "source", "A login of its source.", kLoginRows, {.key = "user", .inline_form = true});

constexpr SchemaElement kRecord[] = {
    element("state", kChoice, slot<&MountRecord::state>,
            "Whether the mount may be used, or is moving or being deleted.",
            {.set_by = kOwner, .choices = kStates, .attribute = true}),
    element("suspended-by-admin", kBool, slot<&MountRecord::suspended_by_admin>,
            "1: only an administrator can resume it.", {.set_by = kAdmin, .attribute = true}),
    element("account", kText, slot<&MountRecord::account>, "The account that owns it.",
            {.set_by = kAdmin, .attribute = true}),
    element("made", kNumber, slot<&MountRecord::made>,
            "Since this time, in Unix seconds, it has belonged to its account. Earlier recordings "
            "under its name are for administrators only.",
            {.set_by = kAdmin, .max = 253'402'300'799, .unset = 0, .attribute = true}),
    element("home", kText, slot<&MountRecord::home>, "The node where its source is expected.",
            {.set_by = kAdmin, .attribute = true}),
    element("backup", kText, slot<&MountRecord::backup>,
            "Another node that accepts its source while none flows.",
            {.set_by = kAdmin, .attribute = true}),
    element("place", &kPlaceBlock, inside<&MountRecord::place>(), {.set_by = kAdmin}),
    element("limits", &kRecordLimitsBlock, inside<&MountRecord::limits>(), {.set_by = kOwner}),
    element("source", &kSourceBlock, each_in<&MountRecord::sources>(), {.set_by = kOwner}),
};
static_assert(all_have_set_by(kRecord));

}  // namespace

constinit const SchemaBlock kRecordBlock =
    block_of<MountRecord>("record", "Contents of a record besides the settings.", kRecord);

}  // namespace lb
