// The stages that ask of a source or a listener whether it may come, and where it is served
// (app/routes.cc).  Each decides one question about a request; the head of its file says how.
// Thread: their worker.
#pragma once

#include <string>
#include <string_view>

#include "http/connection.h"

namespace lb {

struct Worker;

Verdict arrival_stage(Worker& worker, Connection& connection);
Verdict auth_stage(Worker& worker, Connection& connection);
Verdict ban_stage(Worker& worker, Connection& connection);
Verdict block_stage(Worker& worker, Connection& connection);
Verdict drain_stage(Worker& worker, Connection& connection);
Verdict external_stage(Worker& worker, Connection& connection);
Verdict listen_stage(Worker& worker, Connection& connection);
Verdict mount_lookup_stage(Worker& worker, Connection& connection);
Verdict mount_redirect_stage(Worker& worker, Connection& connection);
Verdict playlist_stage(Worker& worker, Connection& connection);
Verdict redirect_stage(Worker& worker, Connection& connection);
Verdict source_stage(Worker& worker, Connection& connection);

// True: a ban of this mount or of all matches, and the client has been told so.
bool answer_if_banned(Worker& worker, Connection& connection, std::string_view mount);

// True: the request waits for what the backend of <config-external> says of this mount; its stage
// is asked again, and this is false then.
bool waits_for_external(Worker& worker, Connection& connection, const std::string& mount);

// A Shoutcast v1 password line; answers "OK2" when it is right.
bool shoutcast_login(Worker& worker, Connection& connection);

}  // namespace lb
