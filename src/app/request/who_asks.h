// Finds out the sender of a request by everything that proves one: a password of the configuration,
// a user's password, an API token, a session's cookie, or a proxy that has logged the user in.
//
// Passwords of the configuration, tokens and sessions are judged at once.  A user's password costs
// a hash, after which the stage is asked again.  An Authorization header wins over a cookie, even
// if wrong, since a browser keeps sending it.
// A login that a browser sends by itself (a cookie, a proxy's header) may change something only
// with the value that our pages know; otherwise the answer is 403.
// Without <console> only the configuration counts.
// Thread: the connection's worker.
// Source: doc/operators.md; doc/decisions.md B10 for passwords of the configuration.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "admin/command/access.h"
#include "admin/page/identity.h"
#include "auth/login/audit_log.h"
#include "http/connection.h"
#include "stream/mount/settings.h"

namespace lb {

struct Worker;

struct Asker {
  Verdict verdict = Verdict::kNext;          // kPending: the stage is asked again; kAnswered: 403,
                                             // 429, 503
  std::shared_ptr<const Identity> identity;  // never null with kNext; kNone: unknown
};
// mount: the source login of this mount counts too.
Asker who_asks(Worker& worker, Connection& connection,
               std::optional<std::string_view> mount = std::nullopt);

// mount: the value of mount=, if `named`.
AskedMount asked_mount(const Identity& identity, std::string_view mount, bool named);

// Whether the sender may use this endpoint (admin/command/access.h).  kNext: it may.  Otherwise it
// has got its answer (401, 429 or a redirect to the login page), or the stage is asked again.
Verdict let_in_role(Worker& worker, Connection& connection, std::string_view endpoint,
                    std::string_view mount = {});

// Returns a function that reports, on control, whether the login of this request is still valid,
// for a reader whose answer goes on.  Empty: the login is valid as long as the configuration.
// REQUIRES: who_asks() has answered for it
std::function<bool()> login_holds(Worker& worker, Connection& connection);

// The access row for a mount's past that its listeners may not hear.
inline constexpr std::string_view kPastEndpoint = "MOUNT?from=";

// ArchiveService::past_begins_ms() for this sender, which counts as an administrator only if
// who_asks() has judged it.
std::int64_t past_begins_ms(const Worker& worker, Connection& connection,
                            const MountSettings& section, const std::string& mount);

// Whether many clients may have this address: that of this machine, or of a trusted proxy.
bool asks_for_many(const Worker& worker, const Connection& connection);

// The entry of an audited change.  REQUIRES: who_asks() has answered for this request
AuditEntry audit_entry(Worker& worker, Connection& connection, std::string_view action,
                       std::string_view on);

}  // namespace lb
