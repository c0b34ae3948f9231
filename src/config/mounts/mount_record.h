// MountRecord: a mount that is not in the configuration file but in a store, or in an external
// configuration.
//
// Its settings are a <mount> section: names, ranges and texts are those of the schema's rows.  Kept
// is the section itself, in one canonical form, because what it does not say comes from the default
// mount of the configuration over which it is laid (config/mounts/overlay.h).  The rest of the
// record has rows of its own (schema_record.cc), so XML, JSON and the JSON Schema are printed from
// rows alone. Refused, as faults: what is no row or no value of it; what the given role may not
// set; a mount name that no source could use; an authenticator that needs a file.
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

// Where its source is expected.
struct RecordPlace {
  std::vector<std::string> tags;  // of the nodes that may be it
  std::string country, node;
  std::string spread;    // mounts with one word are kept apart
  unsigned homes = 1;    // 2: the record has a backup too
  std::string from, to;  // while it moves
  // Of a move, in Unix seconds: from then on the source is accepted at `to` only; 0: never so.
  std::int64_t force_at = 0;

  bool operator==(const RecordPlace&) const = default;
};

// -1: not limited.
struct RecordLimits {
  std::int64_t listeners = -1;
  std::int64_t bitrate = -1;  // kbit/s
  std::int64_t storage = -1;  // bytes
  std::int64_t listening_hours = -1;
  std::int64_t transfer = -1;           // bytes a month
  OverPolicy over = OverPolicy::kKeep;  // more listeners than that

  bool operator==(const RecordLimits&) const = default;
};

struct MountRecord {
  std::string mount;
  XmlNode settings{.name = "mount"};  // without the name; canonical, without lines
  RecordState state = RecordState::kActive;
  bool suspended_by_admin = false;
  // backup: a second node that takes its source while none flows; "": none.
  std::string account, home, backup;
  std::int64_t made = 0;  // Unix seconds: it belongs to its account since; 0: since ever
  RecordPlace place;
  RecordLimits limits;
  std::vector<RecordLogin> sources;
  XmlNode relay{.name = "relay"};  // what it is pulled from: record_relay.h

  bool of_master = false;  // external: a master has passed it on

  // Not while force-at has left it one home.
  bool takes_backup() const noexcept {
    return !backup.empty() && !(state == RecordState::kMoving && place.to == home);
  }
  bool has_relay() const noexcept { return !relay.attributes.empty() || !relay.children.empty(); }
  bool operator==(const MountRecord&) const = default;
};

extern const SchemaBlock kRecordBlock;

constexpr std::size_t kMaxRecordLogins = 16;

// What is wrong, and where.
struct RecordFault {
  std::string pointer;  // RFC 6901: "/settings/burst-size"
  std::string detail;   // "\"64x\" is not a number of bytes (0…16777216); example: 65536"
  bool denied = false;  // another role may set it

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

// A JSON object {"mount", "settings", "state", "limits", "sources", …}.  before: the record as it
// was; what the role may not set may be there unchanged, and stays as it was where it is missing.
RecordReading read_mount_record(const Json& json, SetBy role, const MountRecord* before = nullptr);

enum class RecordSecrets : std::uint8_t {
  kHidden,  // hashes and passwords are true
  kWhole,   // for copies on disk
};
// The same object; the caller may add members of its own behind it.
void write_mount_record(JsonWriter& json, const MountRecord& record, RecordSecrets secrets);
// Its members, inside an object that the caller has begun.
void write_mount_record_members(JsonWriter& json, const MountRecord& record, RecordSecrets secrets);

// The JSON Schema of a record, by the rows; each has "x-set-by": owner, admin or file.
std::string mount_record_schema();

// Whether this name can be a record's; else why not.
std::string_view refuse_record_name(std::string_view mount);

}  // namespace lb
