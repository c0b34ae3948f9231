// MountBody: the record of a request's body: settings by the schema's rows, logins with hashed
// passwords, checked limits and place.
// Thread: pure functions; hashing takes 4 to 30 ms a password.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "api/request/plan.h"
#include "config/mounts/mount_record.h"

namespace lb {

struct MountBody {
  MountRecord record;
  // Logins with a generated password, which is shown once.
  std::vector<std::pair<std::string, std::string>> made;
};
enum class BodyUse : std::uint8_t { kCreate, kReplace, kMerge };

// before: null for kCreate.  An existing login without a password keeps it; an unlisted one is
// removed.
std::variant<MountBody, Problem> read_mount_body(const PlanContext& context, BodyUse use,
                                                 const MountRecord* before);

// A new login for `user`, with a generated password.
std::variant<std::pair<RecordLogin, std::string>, Problem> new_source_login(
    const PlanContext& context, const std::string& user);

}  // namespace lb
