// AuthStage: asks the authenticator of a mount before a listener joins it.
//
// Source: Icecast 2.4.4; doc/decisions.md A13 (its place among the stages).
// Server pages and files are asked for only where a <mount> has exactly their name: a pattern or
// the default mount never locks /status.xsl.  A node of the cluster that
// shows its secret, or proves it by a mark (cluster/relay/pull_mark.h), is not asked about: it
// pulls the stream for listeners that it authenticates itself.
// Thread: its worker.
#pragma once

#include <string>
#include <vector>

#include "app/stages/worker_stage.h"
#include "auth/authenticators.h"
#include "config/config.h"

namespace lb {

struct Worker;

class AuthStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

// What the configuration says to the authenticators.
std::vector<AuthSection> auth_sections(const Config& config);
AuthServer auth_server(const Config& config);

// Whether a node of the cluster asks, which pulls the mount for listeners of its own: it proves
// itself by its secret or by a mark.
bool is_pulling_node(Worker& worker, Connection& connection);

// Whether its sources are judged elsewhere: by the section's authenticator (stream_auth), or by the
// logins of the mount's record.
bool decides_sources(const MountSettings& section);
// From this peer and for this name, a wrong password has been given.
void note_wrong_password(Worker& worker, const Connection& connection, std::string_view user);

// Asks it; `answered` is called on the worker while the connection is still there, and never
// otherwise.  counts: a wrong password is told to the throttle.
void ask_about_source(Worker& worker, Connection& connection, const MountSettings& section,
                      SourceAsk ask, bool counts,
                      UniqueFunction<void(Connection&, AuthVerdict)> answered);

// Whether these are right for some purpose: then they are no guess, only in the wrong place.
bool is_known_password(const Config& config, const Credentials& given);
// The address that passwords are counted for: behind a proxy that is believed, the client's.
Address judged_address(const Connection& connection);

// A password of the configuration is compared before anything else is asked: a right one gets in,
// however many wrong ones come from the same address.  True: a flood of them (auth/throttle.h).
bool is_shut_out(Worker& worker, const Connection& connection, const Credentials& given);
bool answer_if_shut_out(Worker& worker, Connection& connection, const Credentials& given);
void note_right_password(Worker& worker, const Connection& connection, const Credentials& given);

// True: the peer has guessed too often with this name, and has been told so; what costs a backend
// or a hash to judge is not looked at then.
bool answer_if_throttled(Worker& worker, Connection& connection, std::string_view user);

}  // namespace lb
