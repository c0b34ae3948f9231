// The stages that decide whether a source or a listener may come, and where it is served
// (app/routes.cc).  Each decides one question, which the head of its .cc explains.
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
Verdict sender_stage(Worker& worker, Connection& connection);
Verdict source_stage(Worker& worker, Connection& connection);

// True: a ban of this mount or of all mounts matches, and the client has got its answer.
bool answer_if_banned(Worker& worker, Connection& connection, std::string_view mount);

// True: the request waits until the backend of <config-external> has answered about this mount.
// Its stage is then asked again, and this function returns false.
bool waits_for_external(Worker& worker, Connection& connection, const std::string& mount);

// A Shoutcast v1 password line; answers "OK2" when it is right.
bool shoutcast_login(Worker& worker, Connection& connection);

}  // namespace lb
