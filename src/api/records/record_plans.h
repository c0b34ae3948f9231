// The plans of the endpoints of records: their answers, or the changes they want.
// Source: doc/api.md.
// Thread: pure functions; those that make, set or check a password take 4 to 100 ms.
#pragma once

#include "api/request/plan.h"

namespace lb {

struct QuotaUse;

// -- /api/v1/mounts
Plan list_mounts(const PlanContext& context);
Plan read_mount(const PlanContext& context);
Plan create_mount(const PlanContext& context);
Plan replace_mount(const PlanContext& context);  // PUT; keeps its logins if it names none
Plan change_mount(const PlanContext& context);   // PATCH, RFC 7396
Plan delete_mount(const PlanContext& context);
Plan suspend_mount(const PlanContext& context);
Plan resume_mount(const PlanContext& context);
Plan move_mount(const PlanContext& context);  // to another home
// A new password for one login.
Plan renew_mount_password(const PlanContext& context);
Plan kick_mount_source(const PlanContext& context);

// -- /api/v1/accounts
// An account's use of its quota by its mounts, except `without`; "": all.
QuotaUse quota_use(const RecordBook& book, std::string_view account, std::string_view without = {});
Plan list_accounts(const PlanContext& context);
Plan read_account(const PlanContext& context);
Plan create_account(const PlanContext& context);
Plan change_account(const PlanContext& context);
// ?mounts=delete: also its mounts, users and tokens.
Plan delete_account(const PlanContext& context);

// -- /api/v1/users and /api/v1/tokens
Plan list_users(const PlanContext& context);
Plan read_user(const PlanContext& context);
Plan create_user(const PlanContext& context);
Plan change_user(const PlanContext& context);
Plan delete_user(const PlanContext& context);
// {"old", "password"}: a login changes its own password with the old one; an owner or administrator
// that of lower logins.
Plan set_user_password(const PlanContext& context);
// Ends all its sessions.
Plan end_user_sessions(const PlanContext& context);
Plan list_tokens(const PlanContext& context);
Plan create_token(const PlanContext& context);
Plan delete_token(const PlanContext& context);

// -- /api/v1/bans
Plan list_bans(const PlanContext& context);
Plan read_ban(const PlanContext& context);
// {"match": {"address"|"network"|"user"|"country"}, "mounts", "until", "reason", "kick"}; one that
// would shut out the caller's own address is refused.
Plan create_ban(const PlanContext& context);
Plan delete_ban(const PlanContext& context);

// -- /api/v1/stations
// Whether a mount that is not of the account has this id in /listen/ID, or among AzuraCast's
// stations.
bool is_id_of_others(const PlanContext& context, std::string_view id, const std::string& account);
// An owner's station has only mounts of its account, each in one station, and there are at most as
// many stations as the account may have mounts; its id must not be that of another account's mount.
// Later changes of its mounts are handled in overlay.h.
// Thread: the clerk: a time zone is a file.
Plan list_stations(const PlanContext& context);
Plan read_station(const PlanContext& context);
// PUT: creates the station, or replaces it.
Plan put_station(const PlanContext& context);
Plan change_station(const PlanContext& context);
Plan delete_station(const PlanContext& context);

// -- /api/v1/nodes: their state, drains and weights.  A login with only some mounts sees that a
// node exists, and its state.
Plan list_nodes(const PlanContext& context);
Plan read_node(const PlanContext& context);
Plan read_health(const PlanContext& context);
Plan drain_node_plan(const PlanContext& context);
Plan weigh_node(const PlanContext& context);

// -- certificates of this server: a list, and manual orders (doc/https.md)
Plan list_certificates(const PlanContext& context);
Plan order_certificate_plan(const PlanContext& context);

// -- this server: the last lines of its logs, for administrators only, because they have text from
// clients; a check of its configuration file, and a reload
// Thread: the clerk.
Plan read_log(const PlanContext& context);
Plan check_configuration(const PlanContext& context);
Plan reload_configuration(const PlanContext& context);

}  // namespace lb
