// MountRecord: a mount of a store or an external configuration, not of the configuration file.
//
// Its settings are a <mount> section: names, ranges and texts are the schema's rows.  The section
// is kept in a canonical form, because missing values come from the default mount of the
// configuration in use (config/mounts/overlay.h).  The other members have rows of their own
// (schema_record.cc), so XML, JSON and the JSON Schema are all printed from rows.  Faults: unknown
// rows and values; settings that the role may not set; a mount name that no source can use; an
// authenticator that needs a file.
// Thread: plain values, pure functions.
// Source: doc/stores.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "config/schema/schema.h"
#include "config/schema/xml_node.h"
#include "stream/mount/settings.h"

namespace lb {

enum class RecordState : std::uint8_t { kActive, kSuspended, kMoving, kDeleting, kUnplaced };

// Where its source should connect.
struct RecordPlace {
  std::vector<std::string> tags;  // required of its nodes
  std::string country, node;
  std::string spread;    // mounts with the same word are kept apart
  unsigned homes = 1;    // 2: the record has a backup too
  std::string from, to;  // while it moves
  // Of a move, Unix seconds: from then on only `to` accepts the source; 0: never.
  std::int64_t force_at = 0;

  bool operator==(const RecordPlace&) const = default;
};

// When a monthly limit of the mount is used up: as its account's quota says; an event is all; new
// listeners are refused; the mount is also suspended.
enum class OnQuota : std::uint8_t { kAccount, kEventsOnly, kRefuseNew, kSuspend };

// -1: not limited.
struct RecordLimits {
  std::int64_t listeners = -1;
  std::int64_t bitrate = -1;          // kbit/s
  std::int64_t storage = -1;          // bytes
  std::int64_t listening_hours = -1;  // a month
  std::int64_t transfer = -1;         // bytes a month
  OnQuota on_quota = OnQuota::kAccount;
  OverPolicy over = OverPolicy::kKeep;  // more listeners than that

  bool operator==(const RecordLimits&) const = default;
};

struct MountRecord {
  std::string mount;
  XmlNode settings{.name = "mount"};  // without the name; canonical, without lines
  RecordState state = RecordState::kActive;
  bool suspended_by_admin = false;
  // backup: a second node that takes its source while the first has none; "": none.
  std::string account, home, backup;
  std::int64_t made = 0;  // Unix seconds: when its account got it; 0: always had it
  RecordPlace place;
  RecordLimits limits;
  std::vector<RecordLogin> sources;
  XmlNode relay{.name = "relay"};  // its upstreams: record_relay.h

  bool of_master = false;  // external: a master has sent it

  // False after force-at has left it one home.
  bool takes_backup() const noexcept {
    return !backup.empty() && !(state == RecordState::kMoving && place.to == home);
  }
  bool has_relay() const noexcept { return !relay.attributes.empty() || !relay.children.empty(); }
  bool operator==(const MountRecord&) const = default;
};

extern const SchemaBlock kRecordBlock;

constexpr std::size_t kMaxRecordLogins = 16;

// A fault and its place.
struct RecordFault {
  std::string pointer;  // RFC 6901: "/settings/burst-size"
  std::string detail;   // "\"64x\" is not a number of bytes (0…16777216); example: 65536"
  bool denied = false;  // only another role may set it

  bool operator==(const RecordFault&) const = default;
};
// "/settings/burst-size: …; /mount: …"
std::string to_string(const std::vector<RecordFault>& faults);

struct RecordReading {
  MountRecord record;
  std::vector<RecordFault> faults;  // empty: the record may be used
};

// The XML of a store: <mount> with <record> in it.  Errors: kInvalid, with all faults.
Result<MountRecord> parse_mount_record(std::string_view xml);
std::string mount_record_xml(const MountRecord& record);

// A JSON object {"mount", "settings", "state", "limits", "sources", …}. before: the old record;
// members that the role may not set may be repeated unchanged, and are kept if missing.
RecordReading read_mount_record(const Json& json, SetBy role, const MountRecord* before = nullptr);

enum class RecordSecrets : std::uint8_t {
  kHidden,  // hashes and passwords are shown as true
  kWhole,   // for copies on disk
};
// The same object; the caller may append members.
void write_mount_record(JsonWriter& json, const MountRecord& record, RecordSecrets secrets);
// Its members, inside an object begun by the caller.
void write_mount_record_members(JsonWriter& json, const MountRecord& record, RecordSecrets secrets);

// The JSON Schema of a record, by the rows; each has "x-set-by": owner, admin or file.
std::string mount_record_schema();

// Why a record cannot have this name; "": it can.
std::string_view refuse_record_name(std::string_view mount);

}  // namespace lb
