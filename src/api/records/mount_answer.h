// What the API shows of a mount: its record, where its source and its listeners go, and what it is
// doing.
// Thread: pure functions.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "api/request/plan.h"
#include "config/mounts/mount_record.h"
#include "config/settings/mount_book.h"

namespace lb {

template <class T>
struct BookRow;

// What is shown once, when a mount or a login is made.
struct MadeLogins {
  std::vector<std::pair<std::string, std::string>> logins = {};  // user, password
  std::vector<PlaceReason> why = {};
};

// revision 0: it is to be stamped.
void write_store_mount(JsonWriter& json, const PlanContext& context, const MountRecord& record,
                       std::uint64_t revision, const MadeLogins& made = {});
// A section of the configuration file, by its name only: it is changed there.
void write_file_mount(JsonWriter& json, const PlanContext& context, const MountSettings& section);

// One that only plays here: the default mount, or a pattern of the file, decides about it.
void write_playing_mount(JsonWriter& json, const PlanContext& context, const std::string& mount);

// One of <config-external>: it is changed at the backend.
void write_external_mount(JsonWriter& json, const PlanContext& context, const MountRecord& record);

// The record of <config-external>, where neither the file nor the store has the name; else null.
const MountRecord* external_mount(const PlanContext& context, std::string_view mount);
// "": none, as of each mount of the file.
std::string account_of_mount(const PlanContext& context, std::string_view mount);

// The mounts in force, by their names, from the first behind `after`: those of the file, of the
// store and of <config-external>, and those that only play here.  Where several have a name, the
// first of these is in force.
class MountWalk {
 public:
  struct At {
    std::string name;  // "": the end.  At most one of these is set; none: it only plays here
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
  std::vector<const MountSettings*> file_;  // a heap: few of many are wanted
  PersistentMap<std::shared_ptr<const BookRow<MountRecord>>>::const_iterator row_;
  MountRecords::const_iterator other_;
  std::string playing_;  // "": no more
};

}  // namespace lb
