// The plans of the endpoints of records: what a request reads, or the change that it wants.
// Source: doc/api.md.
// Thread: pure functions; those that make, set or judge a password take 4 to 100 ms.
#pragma once

#include "api/request/plan.h"

namespace lb {

struct QuotaUse;

// -- /api/v1/mounts
Plan list_mounts(const PlanContext& context);
Plan read_mount(const PlanContext& context);
Plan create_mount(const PlanContext& context);
Plan replace_mount(const PlanContext& context);  // PUT; its logins stay if it names none
Plan change_mount(const PlanContext& context);   // PATCH, RFC 7396
Plan delete_mount(const PlanContext& context);
Plan suspend_mount(const PlanContext& context);
Plan resume_mount(const PlanContext& context);
Plan move_mount(const PlanContext& context);  // to another home
// A new password for one login.
Plan renew_mount_password(const PlanContext& context);
Plan kick_mount_source(const PlanContext& context);

// -- /api/v1/accounts
// What the mounts of an account have of its quota, but for one, "" for none.
QuotaUse quota_use(const RecordBook& book, std::string_view account, std::string_view without = {});
Plan list_accounts(const PlanContext& context);
Plan read_account(const PlanContext& context);
Plan create_account(const PlanContext& context);
Plan change_account(const PlanContext& context);
// ?mounts=delete: with its mounts, users and tokens.
Plan delete_account(const PlanContext& context);

// -- /api/v1/users and /api/v1/tokens
Plan list_users(const PlanContext& context);
Plan read_user(const PlanContext& context);
Plan create_user(const PlanContext& context);
Plan change_user(const PlanContext& context);
Plan delete_user(const PlanContext& context);
// {"old", "password"}: a login changes its own with the old one; an owner or an administrator any
// that is below it.
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
// An owner's station names mounts of its account alone, at most as many stations as the account has
// mounts, each mount in one of them; and its id is not that by which a mount of another account is
// found.  What becomes of its mounts later is settled where it is shown (overlay.h).
// Thread: the clerk: a time zone is a file.
Plan list_stations(const PlanContext& context);
Plan read_station(const PlanContext& context);
// PUT: creates the station, or replaces it.
Plan put_station(const PlanContext& context);
Plan change_station(const PlanContext& context);
Plan delete_station(const PlanContext& context);

// -- /api/v1/nodes: what they are doing, drains and weights.  A login that sees only some mounts is
// shown of a node that it is there, and its state.
Plan list_nodes(const PlanContext& context);
Plan read_node(const PlanContext& context);
Plan drain_node_plan(const PlanContext& context);
Plan weigh_node(const PlanContext& context);

// -- the certificates of this server: what there is, and an order by hand (doc/https.md)
Plan list_certificates(const PlanContext& context);
Plan order_certificate_plan(const PlanContext& context);

// -- this server: the last lines of its logs, for administrators, since they hold what strangers
// sent; its configuration file as it would be read now, and reading it
// Thread: the clerk.
Plan read_log(const PlanContext& context);
Plan check_configuration(const PlanContext& context);
Plan reload_configuration(const PlanContext& context);

}  // namespace lb
