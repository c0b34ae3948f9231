// The sender of a request, found out for a stage by everything that proves it: a password of
// the configuration, a user's password, an API token, a session's cookie, a proxy that has logged
// the user in.
//
// Passwords of the configuration, tokens and sessions are judged at once.  A user's password costs
// a hash: the stage is then asked again.  An Authorization header wins over a cookie, right or
// wrong: a browser sends it for ever.
// What a browser sends along by itself (a cookie; what a proxy adds) changes nothing without the
// value that only a page of ours knows: such a request is answered 403 here.
// Without <console> this knows what the configuration says, and nothing else.
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
  std::shared_ptr<const Identity> identity;  // with kNext never null; kNone: not known
};
// mount: the login of this mount's source counts too.
Asker who_asks(Worker& worker, Connection& connection,
               std::optional<std::string_view> mount = std::nullopt);

// mount: what mount= says, if it is there.
AskedMount asked_mount(const Identity& identity, std::string_view mount, bool named);

// Whether the sender may ask a stage for this (admin/command/access.h).  kNext: it may.  Otherwise
// it has been answered (401, 429, or the way to the login page), or the stage is asked again.
Verdict let_in_role(Worker& worker, Connection& connection, std::string_view endpoint,
                    std::string_view mount = {});

// Whether the login of this request holds, for what goes on after its answer has begun: asked on
// control.  Empty: for as long as the configuration.  REQUIRES: who_asks() has answered for it
std::function<bool()> login_holds(Worker& worker, Connection& connection);

// The past of a mount where its listeners may not hear it.
inline constexpr std::string_view kPastEndpoint = "MOUNT?from=";

// A password of the administrator of the file that is compared, right or wrong: where logins are
// on, LoginGuard counts it like that of a user.  True: it may not be compared now, and the sender
// has been told so (429).  Other names: false.
bool answer_if_guarded(Worker& worker, Connection& connection, const Credentials& given,
                       bool right);

// A password that is valid elsewhere is not counted as a guess.
void note_guess(Worker& worker, Connection& connection);

// ArchiveService::past_begins_ms() for this sender, which is no administrator where who_asks() has
// not judged it.
std::int64_t past_begins_ms(const Worker& worker, Connection& connection,
                            const MountSettings& section, const std::string& mount);

// What an audited change begins with: who_asks() has answered for this request.
AuditEntry audit_entry(Worker& worker, Connection& connection, std::string_view action,
                       std::string_view on);

}  // namespace lb
