// MountBody: the record that a request wants, read from its body: settings by the schema's rows,
// logins with their passwords hashed, limits and place judged.
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
  // Logins whose password was made here: it is shown once.
  std::vector<std::pair<std::string, std::string>> made;
};
enum class BodyUse : std::uint8_t { kCreate, kReplace, kMerge };

// before: null for kCreate.
// A login that exists and has no password keeps it; one that is not listed goes.
std::variant<MountBody, Problem> read_mount_body(const PlanContext& context, BodyUse use,
                                                 const MountRecord* before);

// A new login for `user`, with a password of its own.
std::variant<std::pair<RecordLogin, std::string>, Problem> new_source_login(
    const PlanContext& context, const std::string& user);

}  // namespace lb
