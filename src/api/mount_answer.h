// What the API shows of a mount: its record, where its source and its listeners go, and what it is
// doing.
// Thread: pure functions.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "api/plan.h"

namespace lb {

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

// Whether the file has a section with exactly this name; null: no.
const MountSettings* file_section(const Config& file, std::string_view mount);

}  // namespace lb
