// A mount in answers of the API: its record, the nodes of its source and its listeners, and its
// state.
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "api/request/plan.h"
#include "config/mounts/mount_record.h"
#include "config/settings/mount_book.h"

namespace lb {

template <class T>
struct BookRow;

// Shown only once, when a mount or a login is made.
struct MadeLogins {
  std::vector<std::pair<std::string, std::string>> logins = {};  // user, password
  std::vector<PlaceReason> why = {};
};

// revision 0: set later.
void write_store_mount(JsonWriter& json, const PlanContext& context, const MountRecord& record,
                       std::uint64_t revision, const MadeLogins& made = {});
// A section of the configuration file, only by name, because it is changed there.
void write_file_mount(JsonWriter& json, const PlanContext& context, const MountSettings& section);

// A mount that only plays here: the default mount, or a pattern of the file, is responsible.
void write_playing_mount(JsonWriter& json, const PlanContext& context, const std::string& mount);

// A mount of <config-external>, which is changed at the backend.
void write_external_mount(JsonWriter& json, const PlanContext& context, const MountRecord& record);

// The record in force, of the store or else of <config-external>; null: none, or the file has the
// mount.
const MountRecord* record_of_mount(const PlanContext& context, std::string_view mount);
// … if it is of <config-external>; otherwise null.
const MountRecord* external_mount(const PlanContext& context, std::string_view mount);
// Whether the file, the store or <config-external> has the mount.
bool is_configured(const PlanContext& context, std::string_view mount);
// "": none, as for mounts of the file.
std::string account_of_mount(const PlanContext& context, std::string_view mount);
// The same of the audience's mount with this number; one that has been deleted still belongs to the
// account that was kept, so its audience stays in the account's reports and quotas.
std::string account_of_mount(const PlanContext& context, std::string_view mount,
                             std::int64_t number, const std::map<std::int64_t, std::string>& kept);
// Whether the login sees the mount of that name, …
bool sees_mount(const PlanContext& context, const std::string& mount);
// … and it is configured or on air.
bool sees_present_mount(const PlanContext& context, const std::string& mount);

// When the record in force was made, Unix milliseconds; 0: none is, or before this was noted.
std::int64_t record_since(const PlanContext& context, std::string_view mount);
// Since when the mount is of its account, Unix milliseconds: what was heard under its name before
// is of another account.  0: always; kept, kept_since: of earlier records.
std::int64_t account_since(const PlanContext& context, std::string_view mount, std::int64_t number,
                           const std::map<std::int64_t, std::string>& kept,
                           const std::map<std::int64_t, std::int64_t>& kept_since);

// The accounts that the audience's mounts had, by number: a quarter of an hour is the account's
// that had the mount when it began.
struct MountTenures {
  std::map<std::int64_t, std::string> accounts;                         // the present ones
  std::map<std::int64_t, std::int64_t> since;                           // as account_since()
  std::map<std::pair<std::int64_t, std::int64_t>, std::string> before;  // with their ends, ms

  // "": none.
  std::string_view at(std::int64_t number, std::int64_t ms) const;
  // Whether the account has changed after this moment.
  bool are_parted(std::int64_t number, std::int64_t ms) const;
};

// The mounts in force by name, from the first after `after`: those of the file, of the store and of
// <config-external>, and those that only play here.  For equal names the first of these counts.
class MountWalk {
 public:
  struct At {
    std::string name;  // "": the end.  At most one of these is set; none: it only plays
    const MountSettings* file = nullptr;
    const BookRow<MountRecord>* store = nullptr;
    const MountRecord* external = nullptr;
    std::string_view account() const noexcept;
  };
  MountWalk(const PlanContext& context, const std::string& after);
  At next();

 private:
  const RecordBook& book_;
  const MountRecords& external_;
  const ApiWorld& world_;
  std::vector<const MountSettings*> file_;  // a heap, because few of many are needed
  PersistentMap<std::shared_ptr<const BookRow<MountRecord>>>::const_iterator row_;
  MountRecords::const_iterator other_;
  std::string playing_;  // "": no more
};

}  // namespace lb
