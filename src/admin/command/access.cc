#include "admin/command/access.h"

#include <algorithm>
#include <array>

#include "admin/command/command.h"

namespace lb {
namespace {

constexpr AdminAccess kOnly = AdminAccess::kAdminOnly;
constexpr AdminAccess kOpen = AdminAccess::kAnyone;

// Addresses that a stage answers itself.
constexpr auto kStageRows = std::to_array<AccessRow>({
    {"/metrics", kOnly, AdminRole::kViewer, OwnUse::kFilter, false},
    {"/admin/events", kOnly, AdminRole::kViewer, OwnUse::kFilter, false},
    // The answer has all numbers of the server, so logins with only some mounts get 403.
    {"STATS", kOnly, AdminRole::kViewer, OwnUse::kNever, false},
    {"/admin/archive.json", kOnly, AdminRole::kViewer, OwnUse::kMount, false},
    {"/admin/archive/delete", kOnly, AdminRole::kOwner, OwnUse::kMount, true},
    // The past of a mount that its listeners may not hear.
    {"MOUNT?from=", kOnly, AdminRole::kOperator, OwnUse::kMount, false},
    // The console's pages are open to viewers; the API checks the rights to what they show.
    {"/admin/console", kOnly, AdminRole::kViewer, OwnUse::kFilter, false},
    {"/admin/login", kOpen, AdminRole::kNone, OwnUse::kFilter, true},
    {"/admin/login.js", kOpen, AdminRole::kNone, OwnUse::kFilter, false},
    {"/admin/logout", kOpen, AdminRole::kNone, OwnUse::kFilter, true},
    {"/api/v1/session", kOpen, AdminRole::kNone, OwnUse::kFilter, true},
    {"/api/v1/session/handover", kOnly, AdminRole::kViewer, OwnUse::kFilter, true},
    {"/api/v1/users/NAME/sessions", kOnly, AdminRole::kViewer, OwnUse::kFilter, true},
});

}  // namespace

std::vector<AccessRow> access_rows() {
  std::vector<AccessRow> rows;
  for (const AdminCommand& command : admin_commands()) rows.push_back(command.access_row());
  rows.insert(rows.end(), kStageRows.begin(), kStageRows.end());
  return rows;
}

const AccessRow* stage_access(std::string_view path) {
  const auto found = std::find_if(kStageRows.begin(), kStageRows.end(),
                                  [path](const AccessRow& row) { return row.path == path; });
  return found == kStageRows.end() ? nullptr : &*found;
}

bool access_allows(const AccessRow& row, AdminRole role, AskedMount asked) {
  if (row.access == kOpen) return true;
  switch (role) {
    case AdminRole::kNone:
      return false;
    case AdminRole::kSource:
      return row.access == AdminAccess::kAdminOrSource && asked.named;
    case AdminRole::kRelay:
      return row.access == AdminAccess::kRelayOnly;
    case AdminRole::kAdmin:
      return row.access != AdminAccess::kRelayOnly;
    case AdminRole::kViewer:
    case AdminRole::kOperator:
    case AdminRole::kOwner:
      break;
  }
  if (row.access == AdminAccess::kRelayOnly || role < row.least) return false;
  if (!asked.has_own_only) return true;
  return row.own == OwnUse::kFilter || (row.own == OwnUse::kMount && asked.named && asked.own);
}

}  // namespace lb
