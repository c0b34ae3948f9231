// The document of listmounts, streamlist and moveclients.
// Thread: pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/command/station.h"

namespace lb {

bool is_listed(const MountRow& row);
void sort_by_mount(std::vector<MountRow>& rows);
// current: a mount to leave out and to name in <current_source> (moveclients).
std::string mount_list_xml(std::vector<MountRow> rows, const std::optional<std::string>& current);

}  // namespace lb
